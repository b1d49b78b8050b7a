// What the header tells of the account: the credits left, and what the tasks of this week caused.

import { isLost } from "./host.js";

/** Load it, once; where that fails the header goes without. */
export async function loadAccount(view) {
  try {
    const { credits_left } = await view.host.callTool("get_account", {});
    const { total } = await view.host.callTool("usage_report", { since: "7d", by: "state" });
    view.account = { credits: credits_left, carbon: total.carbon_gco2eq, saved: total.saved_gco2eq };
    view.redraw();
  } catch (error) {
    isLost(error);
  }
}

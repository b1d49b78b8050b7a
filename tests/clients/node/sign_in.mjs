// A person's part of a sign-in, for the clients below: opens the page, gives the key, and takes the code on the way back.

/** An OAuthClientProvider of the TypeScript SDK that keeps everything in memory. */
export class PersonalProvider {
  redirectUrl = "http://localhost:3118/callback";
  clientMetadata = { client_name: "TypeScript", redirect_uris: [this.redirectUrl], token_endpoint_auth_method: "none" };

  constructor(key) {
    this.key = key;
  }
  state = () => "a-state-of-this-client";
  clientInformation = () => this.client;
  saveClientInformation = (client) => void (this.client = client);
  tokens = () => this.kept;
  saveTokens = (tokens) => void (this.kept = tokens);
  codeVerifier = () => this.verifier;
  saveCodeVerifier = (verifier) => void (this.verifier = verifier);

  async redirectToAuthorization(url) {
    const page = await fetch(url);
    const form = (await page.text()).match(/name="form" value="([^"]+)"/)[1].replaceAll("&amp;", "&");
    const cookie = page.headers.getSetCookie().map((each) => each.split(";")[0]).join("; ");
    const answer = await fetch(new URL("/login", page.url), {
      method: "POST",
      redirect: "manual",
      headers: { cookie, origin: new URL(page.url).origin },
      body: new URLSearchParams({ form, key: this.key, answer: "sign-in" }),
    });
    this.answered = new URL(answer.headers.get("location")).searchParams;
  }
}

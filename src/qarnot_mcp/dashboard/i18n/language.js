// The reader's language: messages, and dates, numbers and durations as the locale writes them.

import { LANGUAGES, messagesIn } from "./messages.js";

const UNITS = { day: 86400, hour: 3600, minute: 60, second: 1 };
const BYTES = ["byte", "kilobyte", "megabyte", "gigabyte"];

/** Return the functions of a locale such as "fr-FR"; a locale of a language without messages gets English. */
export function createLanguage(locale, timeZone) {
  const wanted = /^[a-z]{2}\b/i.exec(locale)?.[0].toLowerCase();
  const language = LANGUAGES.includes(wanted) ? wanted : LANGUAGES[0];
  // What follows the language may be anything a host makes up; only a plain region is passed on to the browser.
  const tag = language === wanted && /^[a-z]{2}(-[a-z]{2})?$/i.test(locale) ? locale : language;
  const messages = messagesIn(language);
  const plural = new Intl.PluralRules(tag);
  const format = (options) => new Intl.NumberFormat(tag, { maximumFractionDigits: 0, ...options }).format;
  const unit = (name, options) => format({ style: "unit", unit: name, unitDisplay: "narrow", ...options });
  const units = Object.entries(UNITS).map(([name, size]) => ({ name, size, write: unit(name) }));
  const largestUnit = (seconds) => {
    const position = units.findIndex(({ size }) => seconds >= size);
    return position < 0 ? units.length - 1 : position;
  };
  const tenths = unit("second", { maximumFractionDigits: 1 });
  const megabytes = unit("megabyte", { unitDisplay: "short" });
  const gigabytes = unit("gigabyte", { unitDisplay: "short", maximumFractionDigits: 1 });
  const share = format({ style: "percent" });
  const whole = format({});
  const relative = new Intl.RelativeTimeFormat(tag, { style: "short" });

  return {
    tag,

    /** Return the message of `key` with `values` in it; `count` chooses the plural. A number stands for {count}. */
    say(key, given = {}) {
      const values = typeof given === "number" ? { count: given } : given;
      const forms = messages[key].split("|");
      const text = forms.length > 1 && plural.select(values.count) !== "one" ? forms[1] : forms[0];
      return text.replace(/\{(\w+)\}/g, (_, name) => {
        const value = values[name] ?? "";
        return typeof value === "number" ? whole(value) : value;
      });
    },

    number: format({ maximumFractionDigits: 2 }),
    percent: (value) => share(value / 100),
    date: dateFormat(tag, timeZone).format,

    /** Return a text such as "2m 10s": the two largest units. */
    duration(seconds) {
      if (seconds > 0 && seconds < 10) return tenths(seconds);
      let rest = Math.round(seconds);
      const first = largestUnit(rest);
      const parts = units.slice(first, first + 2).map(({ size, write }) => {
        const count = Math.floor(rest / size);
        rest -= count * size;
        return count ? write(count) : "";
      });
      return parts.filter(Boolean).join(" ") || tenths(0);
    },

    /** Return a text such as "3 min. ago", or "now" within the first second. */
    ago(seconds) {
      if (seconds < 1) return new Intl.RelativeTimeFormat(tag, { numeric: "auto" }).format(0, "second");
      const { name, size } = units[largestUnit(seconds)];
      return relative.format(-Math.floor(seconds / size), name);
    },

    /** Return a size in bytes as a text such as "3 kB". */
    bytes(size) {
      const power = Math.min(BYTES.length - 1, Math.floor(Math.log10(Math.max(1, size)) / 3));
      return format({ style: "unit", unit: BYTES[power], unitDisplay: "short" })(size / 1000 ** power);
    },

    memory: (amount) => (amount < 1000 ? megabytes(amount) : gigabytes(amount / 1000)),
  };
}

/** The host may name a time zone that the browser does not know. */
function dateFormat(tag, timeZone) {
  try {
    return new Intl.DateTimeFormat(tag, { dateStyle: "medium", timeStyle: "short", timeZone });
  } catch (error) {
    if (error instanceof RangeError) return dateFormat(tag);
    throw error;
  }
}

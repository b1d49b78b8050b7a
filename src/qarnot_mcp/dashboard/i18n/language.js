// The reader's language: our words in English or French, and dates, numbers and durations as the locale writes them.

import { WORDS } from "./messages.js";

const UNITS = { day: 86400, hour: 3600, minute: 60, second: 1 };

/** Makes the language of a locale such as "fr-FR"; a locale of another language reads English. */
export function createLanguage(locale, timeZone) {
  const isFrench = /^fr\b/i.test(locale);
  const tag = /^(fr|en)(-[a-z]{2})?$/i.test(locale) ? locale : isFrench ? "fr" : "en";
  const plural = new Intl.PluralRules(tag);
  const format = (options) => new Intl.NumberFormat(tag, { maximumFractionDigits: 0, ...options }).format;
  const unit = (name, options) => format({ style: "unit", unit: name, unitDisplay: "narrow", ...options });
  const units = Object.entries(UNITS).map(([name, size]) => ({ name, size, write: unit(name) }));
  const unitOf = (seconds) =>
    Math.max(
      0,
      units.findIndex(({ size }) => seconds >= size),
    );
  const tenths = unit("second", { maximumFractionDigits: 1 });
  const megabytes = unit("megabyte", { unitDisplay: "short" });
  const gigabytes = unit("gigabyte", { unitDisplay: "short", maximumFractionDigits: 1 });
  const share = format({ style: "percent" });
  const whole = format({});
  const relative = new Intl.RelativeTimeFormat(tag, { style: "short" });

  return {
    tag,

    /** Our words for `key`; `{name}` in them stands for `values.name`, and `count` chooses the plural. */
    say(key, given = {}) {
      const values = typeof given === "number" ? { count: given } : given;
      const forms = WORDS[key][isFrench ? 1 : 0].split("|");
      const text = forms.length > 1 && plural.select(values.count) !== "one" ? forms[1] : forms[0];
      return text.replace(/\{(\w+)\}/g, (_, name) => {
        const value = values[name] ?? "";
        return typeof value === "number" ? whole(value) : value;
      });
    },

    number: format({ maximumFractionDigits: 2 }),
    percent: (value) => share(value / 100),
    date: dateFormat(tag, timeZone).format,

    /** Such as "2m 10s": the two largest units. */
    duration(seconds) {
      if (seconds > 0 && seconds < 10) return tenths(seconds);
      let rest = Math.round(seconds);
      const first = units[unitOf(rest)] ? unitOf(rest) : 3;
      const parts = units.slice(first, first + 2).map(({ size, write }) => {
        const count = Math.floor(rest / size);
        rest -= count * size;
        return count ? write(count) : "";
      });
      return parts.filter(Boolean).join(" ") || tenths(0);
    },

    /** Such as "3 min. ago". */
    ago(seconds) {
      const { name, size } = units[unitOf(seconds)];
      return relative.format(-Math.floor(Math.max(0, seconds) / size), name);
    },

    memory: (amount) => (amount < 1000 ? megabytes(amount) : gigabytes(amount / 1000)),
  };
}

/** The time zone of the host may be none that the browser knows. */
function dateFormat(tag, timeZone) {
  try {
    return new Intl.DateTimeFormat(tag, { dateStyle: "medium", timeStyle: "short", timeZone });
  } catch (error) {
    if (error instanceof RangeError) return dateFormat(tag);
    throw error;
  }
}

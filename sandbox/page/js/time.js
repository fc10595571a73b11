// Times in the viewer's locale, measured against the sandbox's clock, never the browser's.

const DAY_MS = 86_400_000;
const locale = undefined; // the viewer's own
const formats = new Map();

function format(options) {
  const name = JSON.stringify(options);
  if (!formats.has(name)) formats.set(name, new Intl.DateTimeFormat(locale, options));
  return formats.get(name);
}

const relativeLong = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });

let skewMs = 0; // sandbox time minus browser time

export function setSandboxTime(iso) {
  skewMs = Date.parse(iso) - Date.now();
}

export const now = () => new Date(Date.now() + skewMs);
export const fromTs = (ts) => new Date(Number.parseFloat(ts) * 1000);
export const clockTime = (date) => format({ timeStyle: "short" }).format(date);
const clockTimeExact = (date) => format({ timeStyle: "medium" }).format(date);
export const fullDate = (date) => format({ dateStyle: "full", timeStyle: "short" }).format(date);
export const weekdayDate = (date) => format({ weekday: "short", day: "numeric", month: "short" }).format(date);

const startOfDay = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());

/** Whole days from the sandbox's today to `date`: -1 is yesterday. */
function dayDistance(date) {
  return Math.round((startOfDay(date) - startOfDay(now())) / DAY_MS);
}

const capital = (text) => text.charAt(0).toLocaleUpperCase(locale) + text.slice(1);

function nearDay(date) {
  const days = dayDistance(date);
  if (Math.abs(days) > 1) return null;
  return relativeLong.format(days, "day");
}

export function dayHeading(date) {
  const near = nearDay(date);
  return near ? capital(near) : format({ weekday: "long", day: "numeric", month: "long" }).format(date);
}

/** "now", "5 min. ago", "in 2 hr.". */
export function ago(date) {
  const seconds = Math.round((date - now()) / 1000);
  const size = Math.abs(seconds);
  if (size < 45) return relative.format(0, "second");
  if (size < 3600) return relative.format(Math.round(seconds / 60), "minute");
  if (size < 86_400) return relative.format(Math.round(seconds / 3600), "hour");
  return relative.format(Math.round(seconds / 86_400), "day");
}

/** Seconds from the sandbox's now to the next 09:00 in the viewer's time zone. */
export function secondsToMorning() {
  const current = now();
  const morning = new Date(current.getFullYear(), current.getMonth(), current.getDate(), 9);
  if (morning <= current) morning.setDate(morning.getDate() + 1);
  return Math.ceil((morning - current) / 1000);
}

const TOKENS = {
  date_num: (d) => format({ year: "numeric", month: "2-digit", day: "2-digit" }).format(d),
  date: (d) => format({ year: "numeric", month: "long", day: "numeric" }).format(d),
  date_slash: (d) => format({ year: "numeric", month: "2-digit", day: "2-digit" }).format(d),
  date_short: (d) => format({ year: "numeric", month: "short", day: "numeric" }).format(d),
  date_long: (d) => format({ weekday: "long", year: "numeric", month: "long", day: "numeric" }).format(d),
  date_long_full: (d) => format({ weekday: "long", year: "numeric", month: "long", day: "numeric" }).format(d),
  day_divider_pretty: (d) => dayHeading(d),
  time: (d) => clockTime(d),
  time_secs: (d) => clockTimeExact(d),
  ago: (d) => ago(d),
};
for (const name of ["date", "date_short", "date_long"]) {
  TOKENS[`${name}_pretty`] = (d) => nearDay(d) ?? TOKENS[name](d);
}

/** Slack's `<!date^...>` template with its tokens in braces filled in; unknown tokens stay as they are. */
export function dateTemplate(unixSeconds, template) {
  const date = new Date(unixSeconds * 1000);
  const text = template.replaceAll(/\{(\w+)\}/g, (whole, token) => TOKENS[token]?.(date) ?? whole);
  return /^\{\w+_pretty\}/.test(template) ? capital(text) : text;
}

/** A number that changes when the words for a date may change: each half minute with `ago`, else each day. */
export function dateEpoch(hasDates, hasAgo) {
  if (hasAgo) return Math.floor(now() / 30_000);
  return hasDates ? startOfDay(now()).getTime() : 0;
}

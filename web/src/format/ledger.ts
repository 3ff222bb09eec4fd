/** `2026-11-26 06:20:11`, in UTC, as the log has it: the same for whoever looks, wherever they are. */
export function instant(time: string): string {
  return new Date(time).toISOString().slice(0, 19).replace('T', ' ');
}

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

/** `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`: the two largest units, and no seconds beside minutes. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const first = UNITS.findIndex(([, size]) => seconds >= size);
  if (first === -1) return '0 s';
  const [unit, size] = UNITS[first] ?? UNITS[3];
  const told = `${Math.floor(seconds / size)} ${unit}`;
  const [smaller, by] = UNITS[first + 1] ?? UNITS[3];
  const rest = Math.floor((seconds % size) / by);
  return by === 1 || rest === 0 ? told : `${told} ${rest} ${smaller}`;
}

/** How much time is left until then, or how late it is. */
export function deadline(due: string, now: number): { late: boolean; near: boolean; text: string } {
  const left = new Date(due).getTime() - now;
  const text = left < 0 ? `${span(-left)} late` : `${span(left)} left`;
  return { late: left < 0, near: left >= 0 && left < 4 * 3_600_000, text };
}

/** `1,204,331`. */
export function digits(number: number): string {
  return number.toLocaleString('en');
}

/** `0199f0c0…00000002`: the ends of an id, of which the first is when it was made. */
export function shortId(id: string): string {
  return id.length > 20 ? `${id.slice(0, 8)}…${id.slice(-8)}` : id;
}

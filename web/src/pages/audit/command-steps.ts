import type { Caused } from './causation';
import type { LogEvent } from './log';

/** A step of what followed from what: an event, or the command that began it all. */
export interface Step extends Caused {
  name: string;
  actor: string;
  /** None for a command. */
  event?: LogEvent;
}

/**
 * The events, and before those whose cause is none of them the command that caused them: a request has an id, but no
 * event of its own.
 */
export function withCommands(events: readonly LogEvent[]): Step[] {
  const known = new Set(events.map(({ event_id }) => event_id));
  const commands = new Map<string, Step>();
  for (const { position, metadata } of events) {
    const { causation_id, command, actor } = metadata;
    if (known.has(causation_id)) continue;
    const before = commands.get(causation_id);
    // Just before the first event that it caused.
    if (before === undefined || position - 0.5 < before.position) {
      commands.set(causation_id, { position: position - 0.5, event_id: causation_id, name: command, actor });
    }
  }
  const steps = events.map((event) => ({
    position: event.position,
    event_id: event.event_id,
    causation_id: event.metadata.causation_id,
    name: event.event_type,
    actor: event.metadata.actor,
    event,
  }));
  return [...commands.values(), ...steps];
}

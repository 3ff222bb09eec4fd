import type { Schemas } from '@/api/client';

import { personalities } from './personalities';
import styles from './avatar-setup.module.css';

type Personality = Schemas['Personality'];

/** The presets, each with what it is like. */
export function Personalities({ value, onChange, error }: {
  value: Personality;
  onChange: (value: Personality) => void;
  error: string | undefined;
}) {
  return (
    <fieldset>
      <legend className={styles.legend}>Personality</legend>
      <div className={styles.presets}>
        {Object.entries(personalities).map(([id, { label, words }]) => (
          <label key={id} className={styles.preset}>
            <input
              type="radio"
              name="personality"
              value={id}
              checked={id === value}
              onChange={() => onChange(id as Personality)}
            />
            <span className={styles.presetName}>{label}</span>
            <span className={styles.presetWords}>{words}</span>
          </label>
        ))}
      </div>
      {error !== undefined && (
        <p role="alert" className={styles.fieldError}>
          {error}
        </p>
      )}
    </fieldset>
  );
}

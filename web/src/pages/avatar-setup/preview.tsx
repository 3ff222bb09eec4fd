import type { Draft } from './draft';
import { personalities } from './personalities';
import styles from './avatar-setup.module.css';

/** The companion as far as it is written down: a card that fills while one writes. */
export function Preview({ draft }: { draft: Draft }) {
  const { name, age, gender, nationality, appearance, personality } = draft;
  const origin = [nationality.trim(), gender.trim()].filter((word) => word !== '').join(' ');
  return (
    <aside className={styles.preview} aria-label="Preview">
      <div className={styles.blank}>
        <svg viewBox="0 0 96 96" aria-hidden="true">
          <path d="M14 96c2-22 14-30 26-33 1-3 1-5 0-8-7-5-10-13-9-23 1-11 8-19 17-19s16 8 17 19c1 10-2 18-9 23-1 3-1 5 0 8 12 3 24 11 26 33" />
        </svg>
        <p>The picture comes here</p>
      </div>
      <div className={styles.card}>
        <p className={styles.name}>
          {name.trim() || 'No name yet'}
          {age.trim() !== '' && <span className={styles.age}>, {age}</span>}
        </p>
        {origin !== '' && <p className={styles.origin}>{origin}</p>}
        {appearance.trim() !== '' && <p className={styles.looks}>{appearance}</p>}
        <p className={styles.manner}>
          <strong>{personalities[personality].label}.</strong> {personalities[personality].words}
        </p>
      </div>
    </aside>
  );
}

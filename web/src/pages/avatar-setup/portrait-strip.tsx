import type { Avatar } from '@/api/client';
import { Picture } from '@/components/picture';

import styles from './avatar-setup.module.css';

/** The pictures so far, to choose from. */
export function PortraitStrip({ name, history, value, drawing, onChange }: {
  name: string;
  history: Avatar['reference_history'];
  value: string | undefined;
  drawing: boolean;
  onChange: (photoId: string) => void;
}) {
  if (history.length === 0 || (history.length === 1 && !drawing)) return null;
  return (
    <fieldset>
      <legend className={styles.legend}>Pictures so far</legend>
      <div className={styles.strip}>
        {history.map(({ photo_id, thumbnail_url }, index) => (
          <label key={photo_id} className={styles.thumb}>
            <input
              type="radio"
              name="portrait"
              checked={photo_id === value}
              onChange={() => onChange(photo_id)}
              aria-label={`Picture ${index + 1} of ${name}`}
            />
            <Picture id={`${photo_id}/thumbnail`} url={thumbnail_url} alt="" width={96} height={96} />
          </label>
        ))}
      </div>
    </fieldset>
  );
}

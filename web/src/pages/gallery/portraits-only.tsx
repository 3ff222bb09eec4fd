import type { Avatar } from '@/api/client';
import { Picture } from '@/components/picture';

import styles from './gallery.module.css';

/** What is shown without a subscription: the portraits, which cost nothing. */
export function PortraitsOnly({ avatar }: { avatar: Avatar }) {
  return (
    <section aria-label="Portraits">
      <ul className={`${styles.grid ?? ''} ${styles.portraits ?? ''}`}>
        {avatar.reference_history.map(({ photo_id, image_url, approved }) => (
          <li key={photo_id} className={styles.cell}>
            <Picture
              id={`${photo_id}/full`}
              url={image_url}
              alt={approved ? `The approved portrait of ${avatar.name}` : `A portrait of ${avatar.name}`}
              width={1024}
              height={1024}
            />
          </li>
        ))}
      </ul>
    </section>
  );
}

import type { Avatar } from '@/api/client';
import { Picture } from '@/components/picture';

import styles from './chat.module.css';

/** Whom one writes to: the picture that was approved, and the name. */
export function Portrait({ avatar, children }: { avatar: Avatar; children?: React.ReactNode }) {
  const approved = avatar.reference_history.find((entry) => entry.approved);
  return (
    <header className={styles.portrait}>
      {approved !== undefined && (
        <div className={styles.medallion}>
          <Picture
            eager
            id={`${approved.photo_id}/thumbnail`}
            url={approved.thumbnail_url}
            alt=""
            width={72}
            height={72}
          />
        </div>
      )}
      <div>
        <h1>{avatar.name}</h1>
        {children}
      </div>
    </header>
  );
}

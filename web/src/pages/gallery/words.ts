import type { Photo } from '@/api/client';

/** What a picture is called. */
export function titleOf(photo: Photo, name: string): string {
  return photo.scene ?? `Portrait of ${name}`;
}

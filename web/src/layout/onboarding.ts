import type { Avatar } from '@/api/client';

/** Whether the companion is ready: an earlier picture stays approved while another one is being made. */
export function hasApprovedPicture(avatar: Avatar | null): boolean {
  if (avatar === null) return false;
  return avatar.reference_image.status === 'approved' || avatar.reference_history.some(({ approved }) => approved);
}

import type { InfiniteData, QueryClient, QueryKey } from '@tanstack/react-query';

import type { Photo, Schemas } from '@/api/client';

import type { Update } from './stream';

/** A resource that is gone. */
interface Gone {
  id: string;
  deleted: true;
}

type Photos = InfiniteData<Schemas['PhotoPage'], string | null>;

/** Puts what changed into what the pages show. By position, so that nothing is set back by an update that comes late. */
export class Merger {
  readonly #client: QueryClient;
  readonly #seen = new Map<string, number>();

  constructor(client: QueryClient) {
    this.#client = client;
  }

  /** Takes an update in; false when it is no news. */
  take(update: Update): boolean {
    const { event, data, id } = update;
    const name = event === 'photo' || event === 'message' ? `${event}/${(data as { id: string }).id}` : event;
    if (Number.isSafeInteger(id) && event !== 'message-delta') {
      if ((this.#seen.get(name) ?? 0) >= id) return false;
      this.#seen.set(name, id);
    }
    if (event === 'avatar') this.#set(['avatar'], data);
    else if (event === 'subscription') this.#set(['subscription'], data);
    else if (event === 'photo') this.#photo(data as Photo | Gone);
    return true;
  }

  /** The stream has begun anew: what was read before may have been overtaken meanwhile. */
  beginAnew(): void {
    for (const key of [['avatar'], ['subscription'], ['photo'], ['photos'], ['messages']]) {
      void this.#client.invalidateQueries({ queryKey: key });
    }
  }

  #set(key: QueryKey, data: unknown): void {
    this.#client.setQueryData(key, data);
    this.#overtake(key);
  }

  /** A read that is under way may bring what was before this update: it is made again. */
  #overtake(key: QueryKey): void {
    if (this.#client.isFetching({ queryKey: key }) > 0) void this.#client.invalidateQueries({ queryKey: key });
  }

  #photo(photo: Photo | Gone): void {
    const gone = 'deleted' in photo;
    if (gone) this.#client.removeQueries({ queryKey: ['photo', photo.id], exact: true });
    else this.#client.setQueryData(['photo', photo.id], photo);
    for (const [key, pages] of this.#client.getQueriesData<Photos>({ queryKey: ['photos'] })) {
      const filter = key[1] as { status?: string; purpose?: string } | undefined;
      const fits =
        !gone &&
        (filter?.status === undefined || filter.status === photo.status) &&
        (filter?.purpose === undefined || filter.purpose === photo.purpose);
      if (pages !== undefined) this.#client.setQueryData(key, fits ? withPhoto(pages, photo) : without(pages, photo.id));
      this.#overtake(key);
    }
  }
}

function withPhoto(pages: Photos, photo: Photo): Photos {
  const known = pages.pages.some((page) => page.items.some(({ id }) => id === photo.id));
  return {
    ...pages,
    pages: pages.pages.map((page, index) => {
      const items = page.items.map((item) => (item.id === photo.id ? photo : item));
      if (known || index > 0) return { ...page, items };
      // Ids grow with time, and the newest come first.
      const place = items.findIndex(({ id }) => id < photo.id);
      return { ...page, items: items.toSpliced(place === -1 ? items.length : place, 0, photo) };
    }),
  };
}

function without(pages: Photos, id: string): Photos {
  return {
    ...pages,
    pages: pages.pages.map((page) => ({ ...page, items: page.items.filter((item) => item.id !== id) })),
  };
}

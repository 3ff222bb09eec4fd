import type { InfiniteData, QueryClient, QueryKey } from '@tanstack/react-query';

import type { Message, Photo, Schemas } from '@/api/client';
import { replyKey } from '@/api/queries';

import type { Update } from './stream';

/** A resource that is gone. */
interface Gone {
  id: string;
  deleted: true;
}

type Delta = Schemas['MessageDelta'];

/** A list as it is shown: pages, newest first. */
type Pages<Item> = InfiniteData<{ items: Item[]; next_cursor: string | null }, string | null>;

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
    if (Number.isSafeInteger(id) && !this.#isNews(event, data, id)) return false;
    if (event === 'avatar' || event === 'subscription' || event === 'chat') {
      this.#client.setQueryData([event], data);
      this.#overtake([event]);
    } else if (event === 'photo') this.#photo(data as Photo | Gone);
    else if (event === 'message') placeMessage(this.#client, data as Message);
    else if (event === 'message-delta') this.#delta(data as Delta);
    return true;
  }

  /** The stream has begun anew: what was read before may have been overtaken meanwhile. */
  beginAnew(): void {
    for (const key of ['avatar', 'subscription', 'chat', 'photo', 'photos', 'messages']) {
      void this.#client.invalidateQueries({ queryKey: [key] });
    }
  }

  #isNews(event: string, data: unknown, position: number): boolean {
    const name = event === 'photo' || event === 'message' ? `${event}/${(data as { id: string }).id}` : event;
    if ((this.#seen.get(name) ?? 0) >= position) return false;
    this.#seen.set(name, position);
    return true;
  }

  /** A read that is under way may bring what was before this update: it is made again. */
  #overtake(key: QueryKey): void {
    if (this.#client.isFetching({ queryKey: key }) > 0) void this.#client.invalidateQueries({ queryKey: key });
  }

  #photo(photo: Photo | Gone): void {
    const gone = 'deleted' in photo;
    if (gone) this.#client.removeQueries({ queryKey: ['photo', photo.id], exact: true });
    else this.#client.setQueryData(['photo', photo.id], photo);
    for (const [key, pages] of this.#client.getQueriesData<Pages<Photo>>({ queryKey: ['photos'] })) {
      const filter = key[1] as { status?: string; purpose?: string } | undefined;
      const fits =
        !gone &&
        (filter?.status === undefined || filter.status === photo.status) &&
        (filter?.purpose === undefined || filter.purpose === photo.purpose);
      if (pages !== undefined) this.#client.setQueryData(key, fits ? placed(pages, photo) : without(pages, photo.id));
      this.#overtake(key);
    }
    for (const [key, pages] of this.#client.getQueriesData<Pages<Message>>({ queryKey: ['messages'] })) {
      if (pages !== undefined) this.#client.setQueryData(key, withPhoto(pages, photo));
    }
  }

  #delta(delta: Delta): void {
    const pages = this.#client.getQueryData<Pages<Message>>(['messages', delta.mode]);
    const answered = pages?.pages.some(({ items }) => items.some((message) => answers(message, delta)));
    if (answered !== true) this.#client.setQueryData(replyKey(delta.mode), delta);
  }
}

/** Puts a message where it belongs; it ends the reply that it is the whole of. */
export function placeMessage(client: QueryClient, message: Message): void {
  const key = ['messages', message.mode];
  const pages = client.getQueryData<Pages<Message>>(key);
  if (pages !== undefined) client.setQueryData(key, placed(pages, message));
  if (client.isFetching({ queryKey: key }) > 0) void client.invalidateQueries({ queryKey: key });
  const delta = client.getQueryData<Delta | null>(replyKey(message.mode));
  if (delta && answers(message, delta)) client.setQueryData(replyKey(message.mode), null);
}

function answers(message: Message, delta: Delta): boolean {
  return message.id === delta.id || message.in_reply_to === delta.in_reply_to;
}

/** With an item renewed where it stands, or put where it belongs: ids grow with time, and the newest come first. */
function placed<Item extends { id: string }>(list: Pages<Item>, item: Item): Pages<Item> {
  const known = list.pages.some(({ items }) => items.some(({ id }) => id === item.id));
  return {
    ...list,
    pages: list.pages.map((page, index) => {
      if (known) return { ...page, items: page.items.map((one) => (one.id === item.id ? item : one)) };
      if (index > 0) return page;
      const place = page.items.findIndex(({ id }) => id < item.id);
      return { ...page, items: page.items.toSpliced(place === -1 ? page.items.length : place, 0, item) };
    }),
  };
}

function without<Item extends { id: string }>(list: Pages<Item>, id: string): Pages<Item> {
  return { ...list, pages: list.pages.map((page) => ({ ...page, items: page.items.filter((one) => one.id !== id) })) };
}

/** With a picture renewed in the message that promised it. */
function withPhoto(list: Pages<Message>, photo: Photo | Gone): Pages<Message> {
  const renewed = (message: Message): Message => {
    if (message.photo?.id !== photo.id) return message;
    if (!('deleted' in photo)) return { ...message, photo };
    const rest = { ...message };
    delete rest.photo;
    return rest;
  };
  return { ...list, pages: list.pages.map((page) => ({ ...page, items: page.items.map(renewed) })) };
}

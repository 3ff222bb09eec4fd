import { type UseMutationResult, useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import { Intents, isUncertain, pause } from './intent';

/** What every command carries. Spread it into `params.header`. */
export interface CommandHeaders {
  'Idempotency-Key': string;
}

/** How often a command whose outcome is unknown is sent again, with the same key. */
const RETRIES = 3;

/**
 * A command: runs at most once for each intent. While nobody knows what became of it, it is sent again with the same
 * key; so is the next try of the person, when they ask for exactly the same.
 */
export function useCommand<Answer, Wish = void>(
  run: (wish: Wish, headers: CommandHeaders) => Promise<Answer>,
  then: { onSuccess?: (answer: Answer, wish: Wish) => void; onError?: (error: Error, wish: Wish) => void } = {},
): UseMutationResult<Answer, Error, Wish> {
  const [intents] = useState(() => new Intents());
  return useMutation<Answer, Error, Wish>({
    mutationFn: (wish: Wish) => run(wish, { 'Idempotency-Key': intents.keyFor(wish) }),
    retry: (failures, error) => failures < RETRIES && isUncertain(error),
    retryDelay: pause,
    // A person's wish is sent also while the browser believes to be offline: it is often wrong.
    networkMode: 'always',
    onSuccess: (answer, wish) => {
      intents.settle(wish);
      then.onSuccess?.(answer, wish);
    },
    onError: (error, wish) => {
      intents.settle(wish, error);
      then.onError?.(error, wish);
    },
  });
}

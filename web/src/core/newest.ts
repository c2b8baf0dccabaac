/** For one thing that is read again and again: whoever asked gets what was asked for last, in whatever order the answers come. */
export function newest(): <T>(reading: Promise<T>) => Promise<T> {
  let last: Promise<unknown> | null = null;
  return async <T>(reading: Promise<T>): Promise<T> => {
    last = reading;
    for (;;) {
      const mine = last as Promise<T>;
      try {
        const got = await mine;
        if (mine === last) return got;
      } catch (error) {
        if (mine === last) throw error;
      }
    }
  };
}

// The merge by which a record went, so that it can be taken back from where the record was.
import { ApiError, get } from '../../core/api';

/** Null where it was taken back, lies too far back, or is not the reader's to see. */
export async function findMerge(plural: string, id: number): Promise<number | null> {
  try {
    await get(`/${plural}/${id}`);
  } catch (error) {
    if (error instanceof ApiError && error.code === 'merged') return Number(error.body.merge) || null;
  }
  return null;
}

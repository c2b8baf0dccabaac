/*
 * The heap as a whole: what of it is used, and giving back what is not. memory.c also stands before malloc itself.
 * Requests, jobs and models come and go on many threads; what they freed lies between what stays, and the C library
 * keeps such pieces for good. Without giving them back a house grows for hours though it holds no more than before.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdint.h>

/* Once at start, before threads. */
void memory_begin(void);
/* The pages of what is free go back to the system. One piece of the heap after the other is locked meanwhile: 89 MB in nine
   of them took 9 ms of processor time in all, 4 ms the next time. */
void memory_give_back(void);
/* Bytes that are allocated, and bytes that are free but kept by the C library (their pages may be with the system already). */
void memory_heap(int64_t *out_used, int64_t *out_free);

#endif

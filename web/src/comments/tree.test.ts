/* Threads as rows: their order, how far in they stand, and what is left of deleted ones. */
import { describe, expect, it } from 'vitest'
import type { Comment, CommentTree } from '../api/types'
import { rowsOf, said, waits } from './tree'

/** `[1, [2], [3, [4]]]`: 2 and 3 answer 1, and 4 answers 3. Below nothing: deleted. */
type Sketch = [number, ...Sketch[]]

const tree = ([id, ...children]: Sketch, held: number[] = []): CommentTree => ({
  comment: { id: Math.abs(id), isDeleted: id < 0, heldForReview: held.includes(id) } as Comment,
  children: children.map((child) => tree(child, held)),
})
const shown = (sketch: Sketch, leaving: number[] = []) =>
  rowsOf(tree(sketch), (one) => one.isDeleted || leaving.includes(one.id)).map(
    ({ comment, level, gone, answered }) => `${'.'.repeat(level)}${comment.id}${gone ? ' gone' : ''}${answered ? ` to ${answered.id}` : ''}`,
  )

describe('rows', () => {
  it.each<[string, Sketch, number[], string[]]>([
    ['nothing', [1], [], []],
    ['in the order they came', [1, [2], [3]], [], ['.2', '.3']],
    ['below what they answer', [1, [2, [4]], [3]], [], ['.2', '..4 to 2', '.3']],
    ['not further in than there is room', [1, [2, [3, [4, [5]]]]], [], ['.2', '..3 to 2', '...4 to 3', '...5 to 4']],
    ['deleted without answers', [1, [-2], [3]], [], ['.3']],
    ['deleted with answers', [1, [-2, [3]]], [], ['.2 gone', '..3 to 2']],
    ['deleted with only deleted answers', [1, [-2, [-3, [-4]]]], [], []],
    ['about to be deleted', [1, [2, [3]], [4]], [2, 4], ['.2 gone', '..3 to 2']],
    ['below a deleted thread', [-1, [2]], [], ['.2']],
  ])('%s', (_name, sketch, leaving, expected) => expect(shown(sketch, leaving)).toEqual(expected))

  it('count what still says something', () => {
    expect(said(rowsOf(tree([1, [-2, [3]], [4]]), (one) => one.isDeleted))).toBe(2)
  })
})

it.each<[Sketch, number[], boolean]>([
  [[1, [2]], [], false],
  [[1, [2]], [1], true],
  [[1, [2, [3]]], [3], true],
])('%o with %o held back', (sketch, held, expected) => expect(waits(tree(sketch, held))).toBe(expected))

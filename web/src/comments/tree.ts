/*
 * What answers a thread, as the rows in which it is shown: each below what it answers, a step further in as long as there is
 * room, and with the name of whom it answers where that is not the thread itself. What is gone stays where it has answers.
 */
import type { Comment, CommentTree } from '../api/types'

/** Steps to the right that are shown. */
export const deepest = 3

export interface Row {
  comment: Comment
  /** 1 for what answers the thread itself. */
  level: number
  /** Its words are not shown any more. */
  gone: boolean
  /** What it answers, unless that is the thread itself. */
  answered: Comment | undefined
}

export function rowsOf(tree: CommentTree, isGone: (comment: Comment) => boolean): Row[] {
  const below = (one: CommentTree, depth: number, above: Comment | undefined): Row[] => {
    const rows = one.children.flatMap((child) => below(child, depth + 1, one.comment))
    const gone = isGone(one.comment)
    if (gone && rows.length === 0) return []
    return [{ comment: one.comment, level: Math.min(depth, deepest), gone, answered: depth > 1 ? above : undefined }, ...rows]
  }
  return tree.children.flatMap((child) => below(child, 1, tree.comment))
}

/** How many of these rows still say something. */
export function said(rows: Row[]): number {
  return rows.filter((row) => !row.gone).length
}

/** Whether some of it waits for whoever owns the video. */
export function waits(tree: CommentTree): boolean {
  return tree.comment.heldForReview || tree.children.some(waits)
}

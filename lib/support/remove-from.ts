/** Takes an item out of a short list, mostly its last one. @returns whether it was there */
export function removeFrom<T>(items: T[], item: T): boolean {
  const index = items.lastIndexOf(item)
  if (index < 0) return false
  // `splice` makes an array of what it takes out.
  if (index === items.length - 1) items.pop()
  else items.splice(index, 1)
  return true
}

// Circles in a graph of files.

/**
 * The circles among `files`: for each group of files that reach one another, the shortest way around.
 * `arrowsOf(file)` maps each file that `file` needs to the line that says so.
 */
export function circlesOf(files, arrowsOf) {
  return groupsOf(files, arrowsOf).map((group) => ({ group: [...group].sort(), way: shortestWay(group, arrowsOf) }));
}

/**
 * Groups of files that reach one another, by Tarjan's algorithm ("Depth-first search and linear graph algorithms",
 * 1972).
 */
function groupsOf(files, arrowsOf) {
  const [groups, stack, numbers, lowest] = [[], [], new Map(), new Map()];
  const onStack = new Set();
  const visit = (file) => {
    numbers.set(file, numbers.size);
    lowest.set(file, numbers.get(file));
    stack.push(file);
    onStack.add(file);
    for (const next of arrowsOf(file).keys()) {
      if (!numbers.has(next)) visit(next);
      if (onStack.has(next)) lowest.set(file, Math.min(lowest.get(file), lowest.get(next)));
    }
    if (lowest.get(file) !== numbers.get(file)) return;
    const group = new Set(stack.splice(stack.indexOf(file)));
    for (const member of group) onStack.delete(member);
    if (group.size > 1) groups.push(group);
  };
  for (const file of files) if (!numbers.has(file)) visit(file);
  return groups;
}

/** The shortest circle in a group, as `[from, to, line]` of each arrow. */
function shortestWay(group, arrowsOf) {
  let best;
  for (const start of group) {
    const cameFrom = new Map([[start, undefined]]);
    for (const file of cameFrom.keys()) {
      if (arrowsOf(file).has(start)) {
        const files = [start];
        for (let at = file; at !== undefined; at = cameFrom.get(at)) files.unshift(at);
        if (best === undefined || files.length < best.length) best = files;
        break;
      }
      for (const next of arrowsOf(file).keys()) if (group.has(next) && !cameFrom.has(next)) cameFrom.set(next, file);
    }
  }
  return best.slice(1).map((to, index) => [best[index], to, arrowsOf(best[index]).get(to)]);
}

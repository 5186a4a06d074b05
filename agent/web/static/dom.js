/** An element with properties and children. */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(properties)) {
    if (key in made && key !== 'role') made[key] = value
    else made.setAttribute(key, value)
  }
  made.append(...children)
  return made
}

/** Sets a text only where it changes, so that neither selection nor screen reader is disturbed. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text
}

/** Sets an attribute, or removes it where the value is undefined, only where it changes. */
export function mark(node, name, value) {
  if (value === undefined) node.removeAttribute(name)
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value)
}

/**
 * Keeps one child per item, in the items' order: `create(item)` returns `{node, update(item)}`. Children stay the same
 * elements as long as their key does, so focus and half-made choices survive every update.
 */
export function keyed(container, keyOf, create) {
  const rows = new Map()
  return (items) => {
    const gone = new Set(rows.keys())
    items.forEach((item, place) => {
      const key = keyOf(item)
      gone.delete(key)
      let row = rows.get(key)
      if (!row) rows.set(key, (row = create(item)))
      row.update(item)
      if (container.children[place] !== row.node) container.insertBefore(row.node, container.children[place] ?? null)
    })
    for (const key of gone) {
      rows.get(key).node.remove()
      rows.delete(key)
    }
  }
}

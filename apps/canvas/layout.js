/** How tiles share a rectangle. */

/**
 * The number of columns that shows the images largest.
 * @param {[number, number][]} images  sizes, px
 * @param {number} width @param {number} height  of the room, px
 * @param {number} gap @param {number} header  height of a tile's heading
 * @returns {{columns: number, rows: number}}
 */
export function bestGrid(images, width, height, gap = 2, header = 22) {
  let best = { columns: 1, rows: images.length, area: -1 };
  for (let columns = 1; columns <= images.length; columns++) {
    const rows = Math.ceil(images.length / columns);
    const tileWidth = (width - gap * (columns - 1)) / columns;
    const tileHeight = (height - gap * (rows - 1)) / rows - header;
    let area = 0;
    for (const [w, h] of images) {
      const scale = Math.max(0, Math.min(tileWidth / w, tileHeight / h));
      area += scale * scale * w * h;
    }
    // Of grids that show the images about as large, the one with fewer empty places.
    if (area > best.area * 1.01) best = { columns, rows, area };
  }
  return { columns: best.columns, rows: best.rows };
}

/**
 * Give tiles their places: as large as can be, or one large and the others beside it.
 * @param {HTMLElement} grid @param {{element: HTMLElement, size: [number, number]}[]} tiles
 * @param {number} enlarged  the large one, or -1
 */
export function arrange(grid, tiles, enlarged) {
  const { clientWidth: width, clientHeight: height } = grid;
  if (!width || !height) return;
  const isOne = enlarged >= 0 && tiles.length > 1;
  grid.classList.toggle('one', isOne);
  tiles.forEach((tile, v) => tile.element.classList.toggle('large', isOne && v === enlarged));
  if (isOne) {
    const others = tiles.length - 1;
    const sides = Math.ceil(others / 6);
    grid.style.gridTemplateColumns = `minmax(0, 1fr) repeat(${sides}, ${Math.max(140, Math.round(width / (5 + sides)))}px)`;
    grid.style.gridTemplateRows = `repeat(${Math.ceil(others / sides)}, minmax(0, 1fr))`;
    return;
  }
  const { columns, rows } = bestGrid(tiles.map((tile) => tile.size), width, height);
  grid.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
  grid.style.gridTemplateRows = `repeat(${rows}, minmax(0, 1fr))`;
}

"use strict";
// Draws the traces of one keypoint in one view as SVG. Names of keypoints and views are only ever text.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const SVG = "http://www.w3.org/2000/svg";
  const LEVELS = 254;
  const HEIGHT = 92, LEFT = 44, TOP = 18, BOTTOM = 6;
  const plots = document.getElementById("plots");
  const readout = document.getElementById("readout");
  const keypoint = document.getElementById("keypoint");
  const view = document.getElementById("view");
  let mark = -1;
  let width = 1200;
  let drawn = [];

  const element = (name, attributes, text) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const option = (select, text, value) => {
    const made = document.createElement("option");
    made.textContent = text;
    made.value = String(value);
    select.append(made);
  };
  const xOf = (bucket) => LEFT + ((bucket + 0.5) / data.buckets) * (width - LEFT - 4);
  const frameOf = (bucket) => data.start + Math.floor((bucket * data.frames) / data.buckets);
  const bucketOf = (frame) => Math.floor(((frame - data.start) * data.buckets) / data.frames);
  const short = (value) => (Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2));

  function decode(signal, trace) {
    const [low, high, text] = trace;
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const value = (byte) => (byte > LEVELS ? null : low + ((high - low) * byte) / LEVELS);
    const lower = Array.from(bytes.subarray(0, data.buckets), value);
    const upper = bytes.length > data.buckets ? Array.from(bytes.subarray(data.buckets), value) : lower;
    const shown = (number) => (number === null ? null : signal.log ? Math.expm1(number) : number);
    return { low, high, lower, upper, shown };
  }

  function ticksOf(signal, trace) {
    if (signal.log) {
      const top = Math.expm1(trace.high);
      return [0, 1, 10, 100, 1000].filter((value, index) => value <= top || index === 0).map((value) => [Math.log1p(value), String(value)]);
    }
    if (signal.name === "confidence") return [[0, "0"], [0.5, "0.5"], [1, "1"]];
    return [[trace.low, short(trace.low)], [trace.high, short(trace.high)]];
  }

  function draw(signal, trace) {
    const svg = element("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": signal.title });
    const span = Math.max(trace.high - trace.low, 1e-9);
    const yOf = (number) => HEIGHT - BOTTOM - ((number - trace.low) / span) * (HEIGHT - TOP - BOTTOM);
    for (const [number, text] of ticksOf(signal, trace)) {
      svg.append(element("line", { x1: LEFT, x2: width, y1: yOf(number), y2: yOf(number), class: "grid" }));
      svg.append(element("text", { x: LEFT - 5, y: yOf(number) + 3, "text-anchor": "end", class: "tick" }, text));
    }
    let line = "", band = "", pen = "M";
    const half = Math.max(((width - LEFT) / data.buckets) * 0.5, 0.4);
    for (let b = 0; b < data.buckets; b += 1) {
      const low = trace.lower[b], high = trace.upper[b];
      if (low === null || high === null) { pen = "M"; continue; }
      const x = xOf(b), middle = yOf((low + high) / 2);
      line += `${pen}${x.toFixed(1)} ${middle.toFixed(1)}`;
      pen = "L";
      if (high > low) band += `M${(x - half).toFixed(1)} ${yOf(low).toFixed(1)}V${yOf(high).toFixed(1)}h${(2 * half).toFixed(1)}V${yOf(low).toFixed(1)}Z`;
    }
    svg.append(element("path", { d: band, class: "band" }), element("path", { d: line, class: "trace" }));
    data.marks.forEach(([frame], index) => {
      const x = xOf(bucketOf(frame));
      svg.append(element("line", { x1: x, x2: x, y1: 0, y2: HEIGHT, class: index === mark ? "mark on" : "mark" }));
    });
    const cursor = element("line", { x1: -9, x2: -9, y1: 0, y2: HEIGHT, class: "cursor" });
    svg.append(cursor);
    const box = document.createElement("div");
    box.className = "plot";
    const title = document.createElement("h4");
    title.textContent = signal.title;
    const value = document.createElement("span");
    value.className = "value";
    box.append(svg, title, value);
    box.addEventListener("pointermove", (event) => point(event, svg));
    box.addEventListener("pointerleave", () => show(mark < 0 ? null : bucketOf(data.marks[mark][0])));
    plots.append(box);
    drawn.push({ trace, cursor, value });
  }

  function point(event, svg) {
    const area = svg.getBoundingClientRect();
    const x = ((event.clientX - area.left) / area.width) * width;
    const bucket = Math.floor(((x - LEFT) / (width - LEFT - 4)) * data.buckets);
    show(Math.min(Math.max(bucket, 0), data.buckets - 1));
  }

  function show(bucket) {
    for (const { trace, cursor, value } of drawn) {
      const x = bucket === null ? -9 : xOf(bucket);
      cursor.setAttribute("x1", x);
      cursor.setAttribute("x2", x);
      const low = bucket === null ? null : trace.shown(trace.lower[bucket]);
      const high = bucket === null ? null : trace.shown(trace.upper[bucket]);
      value.textContent = low === null ? "" : high - low > 1e-6 ? `${short(low)} to ${short(high)}` : short(low);
    }
    if (bucket === null) { readout.textContent = ""; return; }
    const first = frameOf(bucket), last = Math.max(frameOf(bucket + 1) - 1, first);
    const seconds = data.fps ? `, ${((first - data.start) / data.fps).toFixed(2)} s` : "";
    readout.textContent = (last > first ? `frames ${first} to ${last}` : `frame ${first}`) + seconds;
  }

  function render() {
    plots.replaceChildren();
    width = Math.max(plots.clientWidth, 320);
    drawn = [];
    const k = Number(keypoint.value), v = Number(view.value);
    for (const signal of data.signals) {
      const rows = signal.rows[data.world.includes(signal.name) ? 0 : v];
      if (rows && rows[k]) draw(signal, decode(signal, rows[k]));
    }
    if (!drawn.length) plots.textContent = "Nothing is known of this keypoint here.";
    show(mark < 0 ? null : bucketOf(data.marks[mark][0]));
  }

  function select(index) {
    mark = index;
    document.querySelectorAll("article").forEach((card) => card.classList.toggle("on", Number(card.dataset.mark) === index));
    const [, where, name] = data.marks[index];
    if (data.keypoints.includes(name)) keypoint.value = String(data.keypoints.indexOf(name));
    if (data.views.includes(where)) view.value = String(data.views.indexOf(where));
    render();
  }

  data.keypoints.forEach((name, index) => option(keypoint, name, index));
  data.views.forEach((name, index) => option(view, name, index));
  document.getElementById("viewbox").hidden = data.views.length < 2;
  keypoint.addEventListener("change", render);
  view.addEventListener("change", render);
  window.addEventListener("resize", render);
  document.querySelectorAll("article").forEach((card) => {
    const go = () => { select(Number(card.dataset.mark)); document.getElementById("traces").scrollIntoView({ block: "start" }); };
    card.addEventListener("click", go);
    card.addEventListener("keydown", (event) => { if (event.key === "Enter") go(); });
  });
  if (data.marks.length) select(0); else render();
})();

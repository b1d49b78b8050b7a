// The tasks of a job as the drawing of a pipeline: in layers, each task beyond all those that it waits for.

import { kindOf } from "./states.js";

const MAX_STEPS = 50;
const MAX_EDGES = 100;
const NARROW = 480;
const STEP = { width: 176, height: 60 };
/** Between two layers there is room for the word on an edge; an edge past a layer takes a lane between its steps. */
const GAPS = { row: { layers: 104, steps: 20 }, column: { layers: 64, steps: 24 } };
const LANE = 12;
const SWEEPS = 4;

/** Tell whether a task was cancelled without a start, as one that it waits for did not end as it had to. */
export const neverRan = ({ state, after = [] }) => kindOf(state) === "cancelled" && after.some(isUnmet);

/** Tell whether what is waited for has ended otherwise. */
export const isUnmet = ({ on, ended }) => Boolean(ended && on && !on.includes(ended));

/** Return how a task stands in its pipeline: the kind of its state, or "never". */
export const stepKindOf = (task) => (neverRan(task) ? "never" : kindOf(task.state));

/**
 * Return the drawing of a job's tasks in `width` pixels: {width, height, steps: [{task, x, y, width, height}], edges:
 * [{from, to, path, x, y, on, isUnmet}]}, where x and y of an edge are the place of its word. It runs from left to right,
 * or downwards where that is too wide. Null where a list tells more: nothing waits, too many tasks, or no room.
 */
export function pipelineOf(tasks, width) {
  if (width < NARROW || tasks.length > MAX_STEPS) return null;
  const { layers, edges } = layered(tasks);
  if (!edges.length || edges.length > MAX_EDGES) return null;
  sortLayers(layers, addLanes(layers, edges));
  for (const isColumn of [false, true]) {
    const drawing = placed(layers, edges, isColumn);
    if (drawing.width <= width) return drawing;
  }
  return null;
}

/** Tasks come after those they wait for; what is not there, or would lead back, is not drawn. */
function layered(tasks) {
  const [seen, layers, edges] = [new Map(), [], []];
  for (const task of tasks) {
    const sources = (task.after ?? []).filter(({ uuid }) => seen.has(uuid));
    const step = { task, depth: Math.max(-1, ...sources.map(({ uuid }) => seen.get(uuid).depth)) + 1 };
    for (const { uuid, on, ended } of sources)
      edges.push({ from: seen.get(uuid), to: step, lanes: [], on, isUnmet: isUnmet({ on, ended }) });
    seen.set(task.uuid, step);
    (layers[step.depth] ??= []).push(step);
  }
  return { layers, edges };
}

/** Give each edge a lane in the layers that it passes, and return the pairs of neighbours that edges connect. */
function addLanes(layers, edges) {
  const pairs = [];
  for (const { from, to, lanes } of edges) {
    for (let depth = from.depth + 1; depth < to.depth; depth++) {
      lanes.push({ depth });
      layers[depth].push(lanes.at(-1));
    }
    const stops = [from, ...lanes, to];
    stops.slice(1).forEach((stop, position) => pairs.push([stops[position], stop]));
  }
  return pairs;
}

/** Sort each layer by where its neighbours stand, so that few edges cross. */
function sortLayers(layers, pairs) {
  const neighbours = new Map(layers.flat().map((item) => [item, { before: [], after: [] }]));
  for (const [from, to] of pairs) {
    neighbours.get(from).after.push(to);
    neighbours.get(to).before.push(from);
  }
  const number = (layer) => layer.forEach((item, place) => (item.place = place));
  layers.forEach(number);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const side = sweep % 2 ? "after" : "before";
    for (const layer of sweep % 2 ? layers.toReversed() : layers) {
      for (const item of layer) {
        const places = neighbours.get(item)[side].map(({ place }) => place);
        item.wanted = places.length ? places.reduce((sum, place) => sum + place) / places.length : item.place;
      }
      layer.sort((a, b) => a.wanted - b.wanted);
      number(layer);
    }
  }
}

/** Place the layers side by side, or one below the other, each in the middle of the drawing. */
function placed(layers, edges, isColumn) {
  const gaps = isColumn ? GAPS.column : GAPS.row;
  const [long, wide] = isColumn ? [STEP.height, STEP.width] : [STEP.width, STEP.height];
  const breadth = (item) => (item.task ? wide : LANE);
  const breadths = layers.map((layer) => layer.reduce((sum, item) => sum + breadth(item) + gaps.steps, -gaps.steps));
  const most = Math.max(...breadths);
  const at = new Map();
  layers.forEach((layer, depth) => {
    let across = (most - breadths[depth]) / 2;
    for (const item of layer) {
      const start = depth * (long + gaps.layers);
      at.set(item, { start, end: start + long, across, middle: across + breadth(item) / 2 });
      across += breadth(item) + gaps.steps;
    }
  });
  const point = (along, across) => (isColumn ? { x: across, y: along } : { x: along, y: across });
  const text = (along, across) => {
    const { x, y } = point(along, across);
    return `${round(x)} ${round(y)}`;
  };
  const end = point(layers.length * (long + gaps.layers) - gaps.layers, most);
  return {
    width: end.x,
    height: end.y,
    steps: [...at]
      .filter(([{ task }]) => task)
      .map(([{ task }, { start, across }]) => ({ task, ...point(start, across), ...STEP })),
    edges: edges.map(({ from, to, lanes, on, isUnmet: unmet }) => {
      const stops = [from, ...lanes, to].map((item) => at.get(item));
      const [first, second] = stops;
      const curves = stops.slice(1).map((stop, position) => {
        const { end: left, middle } = stops[position];
        const half = (left + stop.start) / 2;
        const curve = `C${text(half, middle)} ${text(half, stop.middle)} ${text(stop.start, stop.middle)}`;
        return position < lanes.length ? `${curve}L${text(stop.end, stop.middle)}` : curve;
      });
      // Beyond the half of the first gap: where two edges cross half-way, their words stand apart.
      const word = point(mix(first.end, second.start, 0.55), mix(first.middle, second.middle, 0.62));
      const path = `M${text(first.end, first.middle)}${curves.join("")}${isColumn ? "m-4-6l4 6l4-6" : "m-6-4l6 4l-6 4"}`;
      return { from: from.task.uuid, to: to.task.uuid, path, ...word, on, isUnmet: unmet };
    }),
  };
}

const mix = (from, to, share) => from + (to - from) * share;
const round = (length) => Math.round(length * 10) / 10;

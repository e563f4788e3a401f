"use strict";
// The page holds its content already; this makes it move. No name is global, and nothing is fetched.
(() => {
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  root.classList.add("scripted");

  const tableRows = all("#rows tbody tr");
  const visible = new Set(tableRows.map((row) => row.dataset.row)); // that the filter leaves
  const switchedOff = new Set(); // by the legend
  let redraw = () => {};

  // Theme: the system's until the button says otherwise

  const systemDark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : systemDark.matches);
  const applyTheme = () => {
    byId("theme").textContent = isDark() ? "Light theme" : "Dark theme";
    redraw();
  };
  byId("theme").addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    applyTheme();
  });
  systemDark.addEventListener("change", applyTheme);

  // Table: sort

  const compareText = new Intl.Collator("en", { numeric: true }).compare;
  function compare(a, b) {
    const [x, y] = [Number(a), Number(b)];
    return Number.isNaN(x) || Number.isNaN(y) ? compareText(a, b) : x - y;
  }
  function sortBy(key, descending) {
    const value = (row) => row.querySelector(`[data-key="${CSS.escape(key)}"]`).dataset.sort;
    const known = tableRows.filter((row) => value(row) !== undefined);
    known.sort((a, b) => (descending ? -1 : 1) * compare(value(a), value(b)));
    const unknown = tableRows.filter((row) => value(row) === undefined); // last, whichever the direction
    byId("rows").tBodies[0].append(...known, ...unknown);
  }
  for (const button of all("#rows thead button")) {
    button.addEventListener("click", () => {
      const header = button.closest("th");
      const descending = header.getAttribute("aria-sort") === "ascending";
      for (const other of all("#rows thead th")) other.removeAttribute("aria-sort");
      header.setAttribute("aria-sort", descending ? "descending" : "ascending");
      sortBy(button.dataset.column, descending);
    });
  }

  // Table: filter, which pictures and charts follow

  const choices = all("#filter select");
  function isLeft(row) {
    const words = byId("search").value.toLowerCase().split(/\s+/);
    const axes = JSON.parse(row.dataset.axes);
    return (
      words.every((word) => row.dataset.text.includes(word)) &&
      choices.every((choice) => choice.value === "" || axes[choice.dataset.axis] === choice.value)
    );
  }
  function applyFilter() {
    visible.clear();
    for (const row of tableRows) if (isLeft(row)) visible.add(row.dataset.row);
    for (const element of all("[data-row]")) element.hidden = !visible.has(element.dataset.row);
    byId("shown").textContent = `${visible.size} of ${tableRows.length} rows`;
    byId("none").hidden = visible.size > 0;
    redraw();
  }
  byId("filter").addEventListener("input", applyFilter);
  byId("filter").addEventListener("submit", (event) => event.preventDefault());
  byId("filter").addEventListener("reset", () => setTimeout(() => (applyFilter(), showExtra()))); // once it has reset
  function showExtra() {
    const box = byId("all-scores");
    if (box) for (const cell of all("#rows .extra")) cell.hidden = !box.checked;
  }
  byId("all-scores")?.addEventListener("input", showExtra);

  // Table: copy what is shown

  const LATEX = { "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "±": "$\\pm$", "·": "$\\cdot$", "↓": "$\\downarrow$", "↑": "$\\uparrow$" };
  const toLatex = (text) => text.replace(/[&%$#_{}]/g, "\\$&").replace(/\\(?![&%$#_{}])|[~^±·↓↑]/g, (sign) => LATEX[sign]);
  const toCsv = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  function readCell(cell) {
    const copy = cell.cloneNode(true);
    for (const extra of all(".mark, .hidden, .note", copy)) extra.remove();
    return copy.textContent.trim().replace(/\s+/g, " ");
  }
  const cellsOf = (row) => [...row.cells].filter((cell) => getComputedStyle(cell).display !== "none" && !cell.classList.contains("swatch"));
  function writeTable(kind) {
    const head = cellsOf(byId("rows").tHead.rows[0]);
    const body = [...byId("rows").tBodies[0].rows].filter((row) => !row.hidden).map(cellsOf);
    if (kind === "csv") return [head, ...body].map((row) => row.map(readCell).map(toCsv).join(",")).join("\n") + "\n";
    const show = (cell) => (cell.querySelector("strong") ? `\\textbf{${toLatex(readCell(cell))}}` : toLatex(readCell(cell)));
    const line = (row) => `${row.map(show).join(" & ")} \\\\`;
    const sides = head.map((cell) => (cell.classList.contains("number") ? "r" : "l")).join("");
    return ["% in the preamble: \\usepackage{booktabs}", `\\begin{tabular}{${sides}}`, "\\toprule", line(head), "\\midrule", ...body.map(line), "\\bottomrule", "\\end{tabular}", ""].join("\n");
  }
  async function copyText(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const place = byId("copy-text"); // pages from a file may have no clipboard
      Object.assign(place, { value: text, hidden: false });
      place.select();
      const done = document.execCommand("copy");
      place.hidden = done;
      return done;
    }
  }
  for (const button of all("[data-copy]")) {
    button.addEventListener("click", async () => {
      const done = await copyText(writeTable(button.dataset.copy));
      byId("copied").textContent = done ? "Copied." : "This browser does not copy: the text is below, selected.";
    });
  }

  // Samples: one slider for all cards

  const [time, seed] = [byId("time"), byId("seed")];
  function choosePicture(card, share) {
    const pictures = all("img", card);
    const own = seed ? pictures.filter((picture) => picture.dataset.seed === seed.value) : pictures;
    const ofSeed = own.length ? own : pictures.filter((picture) => picture.dataset.seed === pictures[0].dataset.seed);
    const distance = (picture) => Math.abs(Number(picture.dataset.share) - share);
    return ofSeed.reduce((best, picture) => (distance(picture) <= distance(best) ? picture : best));
  }
  function showTime() {
    const share = Number(time.value) / Number(time.max);
    const text = `${Math.round(100 * share)} % of training`;
    time.setAttribute("aria-valuetext", text);
    byId("time-shown").textContent = text;
    for (const card of all(".card")) {
      const chosen = choosePicture(card, share);
      for (const picture of all("img", card)) picture.hidden = picture !== chosen;
      card.querySelector(".when").textContent = chosen.dataset.when;
    }
  }
  time?.addEventListener("input", showTime);
  seed?.addEventListener("input", showTime);

  // Charts

  const data = byId("data") ? JSON.parse(byId("data").textContent) : null;
  const clock = () => document.querySelector("input[name=clock]:checked").value;
  const theme = (name) => {
    const probe = byId("loading");
    probe.style.color = `var(${name})`; // so that light-dark() is worked out
    return getComputedStyle(probe).color;
  };
  const colourOf = (row) => getComputedStyle(byId(row.id).querySelector("svg")).color;
  const fade = (colour, alpha) => colour.replace(/^rgb\(([^)]*)\)$/, `rgba($1, ${alpha})`);
  const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;"); // plotly reads some HTML
  const short = (number) => (number === null ? "–" : String(Number(number.toPrecision(4))));

  function describe(row, line, band, i) {
    const n = line.n[i];
    const range = band.low && n > 1 ? ` (${short(band.low[i])} to ${short(band.high[i])}, ${n} seeds)` : "";
    const place = `${line.images[i].toLocaleString("en")} images, ${short(line.seconds[i])} s`;
    return `<b>${escape(row.label)}</b><br>${short(band.mean[i])}${range}<br>${place}`;
  }
  function bandTrace(x, band, colour, floor, crowd) {
    const known = band.mean.map((_, i) => i).filter((i) => band.low[i] !== null && band.high[i] !== null);
    const at = (values) => known.map((i) => Math.max(values[i], floor));
    return {
      x: [...known.map((i) => x[i]), ...known.map((i) => x[i]).reverse()],
      y: [...at(band.high), ...at(band.low).reverse()],
      fill: "toself", fillcolor: fade(colour, crowd ? 0.08 : 0.16), line: { width: 0 }, mode: "lines", hoverinfo: "skip",
    };
  }
  function lineTrace(row, line, band, x, colour) {
    const point = x.length === 1;
    const trace = {
      x, y: band.mean, mode: "lines+markers", line: { color: colour, width: 2, dash: row.dash },
      marker: { color: colour, symbol: row.symbol, size: point ? 10 : 7, maxdisplayed: 8 },
      text: x.map((_, i) => describe(row, line, band, i)), hovertemplate: "%{text}<extra></extra>",
    };
    if (point && band.low) {
      const [above, below] = [[band.high[0] - band.mean[0]], [band.mean[0] - band.low[0]]];
      trace.error_y = { type: "data", symmetric: false, array: above, arrayminus: below, color: colour, thickness: 1.5 };
    }
    return trace;
  }
  function tracesOf(lines, key, log) {
    const rows = data.rows.filter((row) => lines[row.id]?.values[key] && visible.has(row.id) && !switchedOff.has(row.id));
    const positive = rows.flatMap((row) => lines[row.id].values[key].mean.filter((y) => y > 0));
    const floor = log ? positive.reduce((a, b) => Math.min(a, b), Infinity) : -Infinity;
    const traces = rows.map((row) => {
      const [line, colour] = [lines[row.id], colourOf(row)];
      const [band, x] = [line.values[key], line[clock()]];
      const banded = band.low && x.length > 1 ? [bandTrace(x, band, colour, floor, rows.length > 8)] : [];
      return [...banded, lineTrace(row, line, band, x, colour)].map((trace) => ({ ...trace, meta: row.id }));
    });
    return traces.flat().sort((a, b) => (a.fill ? 0 : 1) - (b.fill ? 0 : 1)); // bands behind all lines
  }
  function ticksOf(traces, log) {
    const known = log ? traces.flatMap((trace) => trace.y).filter((y) => y > 0) : [];
    const [low, high] = [known.reduce((a, b) => Math.min(a, b), Infinity), known.reduce((a, b) => Math.max(a, b), 0)];
    if (!(high / low > 5 && high / low < 1e4)) return {};
    const powers = [...Array(24).keys()].map((i) => 10 ** (i - 12));
    const values = powers.flatMap((power) => [1, 2, 5].map((digit) => Number((digit * power).toPrecision(1))));
    return { tickvals: values, ticktext: values.map(String) }; // plotly would write 2 for 20
  }
  function layoutOf(title, log, traces) {
    const [soft, rule] = [theme("--soft"), theme("--rule")];
    const axis = { gridcolor: rule, linecolor: rule, zerolinecolor: rule, automargin: true };
    const byImages = clock() === "images";
    return {
      font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: soft },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false, hovermode: "closest",
      margin: { l: 56, r: 12, t: 32, b: 48 }, dragmode: innerWidth < 700 ? false : "zoom", // a finger scrolls the page
      hoverlabel: { bgcolor: theme("--raised"), bordercolor: theme("--strong-rule"), align: "left", font: { color: theme("--text") } },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: soft, activecolor: theme("--accent") },
      xaxis: { ...axis, rangemode: "tozero", title: { text: byImages ? "images seen by D" : "seconds of training" }, tickformat: byImages ? "~s" : "" },
      yaxis: { ...axis, title: { text: escape(title) }, type: log ? "log" : "linear", ...ticksOf(traces, log) },
    };
  }
  const CONFIG = {
    responsive: true, displaylogo: false, displayModeBar: true, showSendToCloud: false,
    modeBarButtons: [["zoom2d", "zoomIn2d", "zoomOut2d", "resetScale2d", "toImage"]], // none that would send data away
  };

  function noteMissing(place, lines, key) {
    const shown = data.rows.filter((row) => visible.has(row.id));
    const missing = shown.filter((row) => !lines[row.id]?.values[key]).map((row) => row.label);
    const points = shown.some((row) => lines[row.id]?.values[key] && lines[row.id].images.length === 1);
    const names = missing.length > 4 ? `${missing.slice(0, 3).join("; ")} and ${missing.length - 3} more` : missing.join("; ");
    place.textContent = (points ? "Single points are scores of the last checkpoint. " : "") + (missing.length ? `Without it: ${names}.` : "");
  }
  function draw(name, title, linesOf) {
    const choice = byId(name);
    if (!choice) return;
    const [key, lines, box] = [choice.value, linesOf(choice.value), byId(`${name}-log`)];
    const means = data.rows.flatMap((row) => lines[row.id]?.values[key]?.mean ?? []);
    box.disabled = means.some((y) => y !== null && y <= 0);
    const log = box.checked && !box.disabled;
    const traces = tracesOf(lines, key, log);
    Plotly.react(byId(`${name}-chart`), traces, layoutOf(title(key), log, traces), CONFIG);
    noteMissing(byId(`${name}-note`), lines, key);
  }
  function drawCharts() {
    draw("score", (key) => `${key} (${data.scores[key].better} is better)`, (key) => data.scores[key].lines);
    draw("loss", (key) => key, () => data.logs);
    byId("legend-none").hidden = visible.size > 0;
  }
  function highlight(id) {
    for (const chart of all(".chart")) {
      const opacity = chart.data.map((trace) => (id === null || trace.meta === id ? 1 : 0.12));
      if (opacity.length) Plotly.restyle(chart, { opacity });
    }
  }
  function makeLegend() {
    for (const row of data.rows) {
      const button = document.createElement("button");
      const name = document.createElement("span");
      name.textContent = row.label;
      button.append(byId(row.id).querySelector("svg").cloneNode(true), name);
      Object.assign(button, { type: "button", ariaPressed: "true", hidden: !visible.has(row.id) });
      button.dataset.row = row.id;
      button.addEventListener("click", () => {
        if (!switchedOff.delete(row.id)) switchedOff.add(row.id);
        button.ariaPressed = String(!switchedOff.has(row.id));
        redraw();
      });
      for (const event of ["pointerenter", "focus"]) button.addEventListener(event, () => highlight(row.id));
      for (const event of ["pointerleave", "blur"]) button.addEventListener(event, () => highlight(null));
      byId("legend").append(button);
    }
  }
  async function unpack(element) {
    const letters = atob(element.textContent);
    const bytes = new Uint8Array(letters.length);
    for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i); // ten times as fast as Uint8Array.from
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
    element.remove();
  }
  async function start() {
    applyTheme();
    if (!data) return;
    try {
      await unpack(byId("plotly"));
    } catch (error) {
      byId("loading").textContent = `This browser cannot unpack the charts: ${error.message}`;
      return;
    }
    byId("loading").hidden = true;
    makeLegend();
    redraw = drawCharts;
    for (const control of all("#curves input, #curves select")) control.addEventListener("input", redraw);
    redraw();
    root.dataset.ready = ""; // for those who wait for the charts
  }
  start();
})();

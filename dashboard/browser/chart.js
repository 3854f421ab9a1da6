// A chart of a page: plotly.js draws it once, and changes it in place ever after.
//
// The server calls `show` with every word about a chart: two lines of JSON, first what belongs to the
// figure and what lies over it, then the figure. What a new figure has in common with the one that
// stands is handed to plotly as the very same lists, so that it looks no further there; the reader's
// zoom stays as long as the figure's uirevision does. A click is told to the server, which decides
// what it changes.

const charts = new WeakMap();  // an element of the page -> the chart that stands in it
let library;                   // a promise of plotly.js, fetched once

export default function show({data, parentElement, setTriggerValue}) {
    let chart = charts.get(parentElement);
    if (!chart) charts.set(parentElement, chart = new Chart(parentElement));
    const call = chart.show(new TextDecoder().decode(data),
                            tokens => setTriggerValue("picked", tokens));
    return () => {  // also called for a word that a later one has overtaken
        if (call !== chart.calls) return;
        charts.delete(parentElement);
        chart.leave();
    };
}

class Chart {
    constructor(parent) {
        this.calls = 0;
        this.done = Promise.resolve();
        this.buttons = [{name: "Fullscreen", title: "Fullscreen", icon: CORNERS,
                         click: () => this.turn()}];  // others would make plotly begin anew
        this.frame = document.createElement("div");
        this.frame.dataset.testid = "chart";
        this.begin();
        parent.append(this.frame);
        this.watcher = new ResizeObserver(() => this.fit());
        this.watcher.observe(this.frame);
    }

    begin() {
        this.figure = this.drawn = undefined;
        this.plot = document.createElement("div");
        this.frame.replaceChildren(this.plot);
    }

    show(text, tell) {
        this.tell = tell;
        this.calls += 1;
        if (text !== this.text) {
            this.text = text;
            const [words, figure] = text.split("\n");
            this.given = {...JSON.parse(words), figure: figure === this.own ? this.given.figure
                                                                           : JSON.parse(figure)};
            this.own = figure;
            this.frame.setAttribute("role", "figure");
            this.frame.setAttribute("aria-label", this.given.alt);
            const {height, paper_bgcolor: page} = this.given.figure.layout;
            Object.assign(this.frame.style, {minHeight: `${height}px`, background: page});
            this.draw();
        }
        return this.calls;
    }

    draw() {
        const given = this.given;
        this.done = this.done.then(async () => {
            const plotly = await (library ??= fetched(given.library));
            if (given !== this.given || given === this.drawn) return;
            const size = this.size();
            if (!size.width) return;  // it is folded away: see `fit`
            this.scroll(size.width);
            if (!this.plot.isConnected) this.begin();  // what came before could not be drawn
            if (given.figure !== this.drawn?.figure)
                this.figure = shared(this.figure, given.figure);
            const {data, layout, frames} = this.figure;
            await plotly.react(this.plot, {
                data: copied(data), frames: copied(frames ?? []),
                layout: {...copied(layout), ...laidOver(given), ...size, selections: []},
                config: {...given.config, modeBarButtonsToAdd: this.buttons}});
            this.drawn = given;
            this.listen();
        }).catch(error => {
            console.error(error);
            library = window.Plotly && library;  // else the next chart asks for it again
            this.frame.textContent = `This chart could not be drawn (${error.message}). `
                + "Its numbers are in the table below; reload the page to try again.";
        });
    }

    listen() {
        if (this.plot === this.heard) return;
        this.heard = this.plot;
        for (const event of ["plotly_click", "plotly_selected"])
            this.plot.on(event, found => found?.points.length && this.pick(found.points));
        this.plot.on("plotly_deselect", () => this.pick([]));
    }

    pick(points) {
        const tokens = points.flatMap(one => one.customdata).filter(one => typeof one === "string");
        if (this.given.picks && (tokens.length || !points.length)) this.tell(tokens);
    }

    size() {
        const height = document.fullscreenElement === this.frame ? window.innerHeight
            : this.given.figure.layout.height;
        const room = this.frame.clientWidth;  // a figure says in `meta` how much it needs
        return {width: room && Math.max(room, this.given.figure.layout.meta ?? 0), height};
    }

    scroll(wide) {
        const scrolls = wide > this.frame.clientWidth;
        this.frame.style.overflow = scrolls ? "auto hidden" : "";
        if (scrolls) this.frame.tabIndex = 0;  // so that keys can scroll it
        else this.frame.removeAttribute("tabindex");
    }

    fit() {
        const {width, height} = this.size(), now = this.plot._fullLayout;
        this.scroll(width);
        if (!now?.width) this.draw();
        else if (width && (width !== now.width || height !== now.height))
            window.Plotly.relayout(this.plot, {width, height});
    }

    turn() {
        if (document.fullscreenElement) document.exitFullscreen();
        else this.frame.requestFullscreen();
    }

    leave() {
        this.given = null;
        this.watcher.disconnect();
        window.Plotly?.purge(this.plot);
        this.frame.remove();
    }
}

const CORNERS = {width: 512, height: 512, path: "M32 32h160v48H80v112H32zM320 32h160v160h-48V80H320z"
    + "M32 320h48v112h112v48H32zM432 320h48v160H320v-48h112z"};

/** All notes and shapes of a figure: its own, and over them those that come and go. */
function laidOver({figure: {layout}, over}) {
    const all = kind => copied([...layout[kind] ?? [], ...over[kind]]);
    return {annotations: all("annotations"), shapes: all("shapes")};
}

function fetched(address) {
    return new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = new URL(address, document.baseURI);
        script.onload = () => resolve(window.Plotly);
        script.onerror = () => reject(new Error("the drawing library did not come"));
        document.head.append(script);
    });
}

/** A value in which all that an old one has too is the old one's very lists and objects. */
export function shared(old, value) {
    if (typeof value !== "object" || value === null) return value;
    if (value.bdata !== undefined)
        return old?.packed === value.bdata && old.shape === value.shape ? old : unpacked(value);
    if (Array.isArray(value)) {
        const all = value.map((one, at) => shared(old?.[at], one));
        return Array.isArray(old) && old.length === all.length
            && all.every((one, at) => one === old[at]) ? old : all;
    }
    const keys = Object.keys(value);
    const all = Object.fromEntries(keys.map(key => [key, shared(old?.[key], value[key])]));
    return isPlain(old) && Object.keys(old).length === keys.length
        && keys.every(key => key in old && all[key] === old[key]) ? old : all;
}

/** A copy into which plotly may write, of the same lists of numbers and words. */
export function copied(value) {
    if (Array.isArray(value)) return value.some(isPlain) ? value.map(copied) : value;
    if (!isPlain(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, copied(one)]));
}

function isPlain(value) {
    return typeof value === "object" && value !== null
        && Object.getPrototypeOf(value) === Object.prototype;
}

const TYPES = {i1: Int8Array, u1: Uint8Array, i2: Int16Array, u2: Uint16Array, i4: Int32Array,
               u4: Uint32Array, f4: Float32Array, f8: Float64Array};

/** The numbers that stand for an array of the server's: a list, or a list of rows. */
export function unpacked({dtype, bdata, shape}) {
    const numbers = new TYPES[dtype](Uint8Array.from(atob(bdata), one => one.charCodeAt(0)).buffer);
    const width = shape ? Number(String(shape).split(",").at(-1)) : numbers.length;
    const list = !shape ? numbers : Array.from({length: numbers.length / width}, (_, row) => (
        numbers.subarray(row * width, (row + 1) * width)));
    return Object.assign(list, {packed: bdata, shape});
}

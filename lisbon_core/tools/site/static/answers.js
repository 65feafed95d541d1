/* Three figures that answer without a kernel. All numbers are read from the tables of the page (data/answers.json, made by
   lisbon_core.studies.answers); a slider stops at the entries of a table alone, so nothing is interpolated. */
(() => {
  const held = document.getElementById("answers");
  if (!held) return;
  const T = JSON.parse(held.textContent);

  /* Numbers and words. */
  const plain = (x, digits = 2) => (x === 0 ? "0" : x.toPrecision(digits)).replace("-", "−");
  const fixed = (x, digits = 2) => x.toFixed(digits).replace("-", "−");
  const small = x => `${fixed(1e3 * x)}\u00a0×\u00a010⁻³`;
  const signed = x => `${x} degrees`.replace("-", "−");

  /** Values of a packed table: value(i, j, ...) gives a number, or all that is left of the last axes. */
  function unpack(table) {
    const bytes = Uint8Array.from(atob(table.base64), one => one.charCodeAt(0));
    const whole = table.kind === "<i1" ? new Int8Array(bytes.buffer) : new Int16Array(bytes.buffer);
    return (...index) => {
      const size = table.shape.slice(index.length).reduce((a, b) => a * b, 1);
      const start = index.reduce((at, one, axis) => at * table.shape[axis] + one, 0) * size;
      return Array.from(whole.subarray(start, start + size), one => one * table.step);
    };
  }

  /* Parts of a figure. */
  const make = (tag, about, ...inside) => {
    const one = Object.assign(document.createElement(tag), about);
    one.append(...inside);
    return one;
  };

  /** Sliders, menus and a sentence in a figure; `draw(chosen)` draws and returns the sentence. */
  function figure(name, controls, panels, draw) {
    const place = document.getElementById(`answer-${name}`);
    if (!place) return;
    const words = make("p", {className: "answer-words", id: `words-${name}`});
    words.setAttribute("aria-live", "polite");
    const chosen = {}, form = make("form", {className: "answer-controls"});
    form.addEventListener("submit", event => event.preventDefault());
    const again = () => { words.textContent = draw(chosen); };
    for (const [key, {label, values, say, start}] of Object.entries(controls)) {
      const slider = values.length > 3 || say !== String;
      const input = slider ? make("input", {type: "range", min: 0, max: values.length - 1, step: 1, value: start})
        : make("select", {}, ...values.map((one, i) => make("option", {value: i, textContent: one})));
      const shown = make("span", {className: "answer-value"});
      input.id = `${name}-${key}`;
      const change = () => {
        chosen[key] = Number(input.value);
        shown.textContent = slider ? say(values[chosen[key]]) : "";
        if (slider) input.setAttribute("aria-valuetext", shown.textContent);
      };
      input.addEventListener("input", () => { change(); again(); });
      input.value = start;
      change();
      form.append(make("div", {}, make("label", {htmlFor: input.id, textContent: label}), input, shown));
    }
    place.append(form, make("div", {className: "answer-panels"}, ...panels), words);
    place.classList.add("alive");
    again();
  }

  /* A sky: Mollweide, right ascension to the left, 180 degrees in the middle, as the figures of the notebooks. */
  const WIDE = 600, HIGH = 300, MARGIN = 6;
  const BLUE_TO_RED = [[5, 48, 97], [67, 147, 195], [247, 247, 247], [214, 96, 77], [103, 0, 31]];
  function colour(share) {  // of -1 to 1
    const at = Math.min(3.999, Math.max(0, 2 * share + 2)), low = Math.floor(at);
    return BLUE_TO_RED[low].map((one, i) => one + (at - low) * (BLUE_TO_RED[low + 1][i] - one));
  }
  function onMap(ra, dec) {
    const lat = dec * Math.PI / 180, lon = (180 - ra) * Math.PI / 180;
    let turn = lat;
    for (let i = 0; i < 30; i++)
      turn -= (2 * turn + Math.sin(2 * turn) - Math.PI * Math.sin(lat)) / Math.max(1e-9, 2 + 2 * Math.cos(2 * turn));
    return [WIDE / 2 + (WIDE / 2 - MARGIN) * lon / Math.PI * Math.cos(turn), HIGH / 2 - (HIGH / 2 - MARGIN) * Math.sin(turn)];
  }
  function sky(title) {
    const canvas = make("canvas", {width: WIDE, height: HIGH}), step = T.sky.step_deg, columns = 360 / step;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${title}; the sentence below says its numbers`);
    const pixel = new Int16Array(WIDE * HIGH).fill(-1);
    for (let y = 0; y < HIGH; y++) for (let x = 0; x < WIDE; x++) {
      const up = (HIGH / 2 - y - 0.5) / (HIGH / 2 - MARGIN), turn = Math.asin(up);
      const lon = (x + 0.5 - WIDE / 2) / (WIDE / 2 - MARGIN) / Math.cos(turn);
      if (!(Math.abs(up) < 1 && Math.abs(lon) < 1)) continue;
      const dec = Math.asin((2 * turn + Math.sin(2 * turn)) / Math.PI) * 180 / Math.PI, ra = 180 - 180 * lon;
      pixel[y * WIDE + x] = Math.min(180 / step - 1, Math.floor((dec + 90) / step)) * columns
        + Math.floor(ra / step) % columns;
    }
    const draw = (values, limit, field) => {
      const pen = canvas.getContext("2d"), image = pen.createImageData(WIDE, HIGH);
      const colours = values.map(one => colour(one / limit));
      pixel.forEach((one, i) => { if (one >= 0) image.data.set([...colours[one], 255], 4 * i); });
      pen.putImageData(image, 0, 0);
      pen.font = "bold 18px sans-serif";
      for (const [name, ra, dec] of [["B", field[0], field[1]], ["−B", (field[0] + 180) % 360, -field[1]]]) {
        const [x, y] = onMap(ra, dec);
        for (const [ink, width] of [["white", 5], ["black", 2]]) {
          pen.strokeStyle = ink;
          pen.lineWidth = width;
          pen.beginPath();
          pen.arc(x, y, 6, 0, 7);
          pen.stroke();
          if (ink === "white") pen.strokeText(name, x + 11, y + 6);
        }
        pen.fillText(name, x + 11, y + 6);
      }
      canvas.dataset.field = field.join(" ");
    };
    const scale = make("span", {className: "answer-scale", textContent: "RA 360° on the left, 0° on the right; north is up"});
    return {draw, panel: make("figure", {}, make("figcaption", {textContent: title}), canvas, scale)};
  }
  if (T.sky) {
    const LIMIT = 2e-3, S = T.sky, earth = unpack(S.earth), straight = unpack(S.straight);
    const [at, without] = [sky("At Earth, through the heliosphere"), sky("The same without a heliosphere")];
    const turned = list => list.map(one => Math.round(10 * one) / 10);
    const middle = Math.floor(S.lon.length / 2);
    figure("sky", {
      lon: {label: "Field towards ecliptic longitude", values: turned(S.lon), say: signed, start: middle},
      lat: {label: "and ecliptic latitude", values: turned(S.lat), say: signed, start: middle},
      strength: {label: "Strength of the field", values: S.strength_uG, say: one => `${one} microgauss`, start: 1},
    }, [at.panel, without.panel], ({lon, lat, strength}) => {
      const seen = earth(strength, lat, lon), free = straight(lat, lon), field = S.field_icrs[lat][lon];
      at.draw(seen, LIMIT, field);
      without.draw(free, LIMIT, field);
      const area = seen.map((_, i) => Math.cos(Math.PI / 180 * (S.step_deg * (Math.floor(i / (360 / S.step_deg)) + 0.5) - 90)));
      const all = area.reduce((a, b) => a + b), rms = f => Math.sqrt(area.reduce((sum, w, i) => sum + w * f(i) ** 2, 0) / all);
      return `B points to right ascension ${fixed(field[0], 0)}°, declination ${fixed(field[1], 0)}°. At Earth the intensity runs `
        + `from ${small(Math.min(...seen))} to ${small(Math.max(...seen))} about its mean (r.m.s. ${small(rms(i => seen[i]))}), without a `
        + `heliosphere from ${small(Math.min(...free))} to ${small(Math.max(...free))}; the heliosphere changes it by `
        + `${small(rms(i => seen[i] - free[i]))} r.m.s. Red is excess, blue deficit, full colour ${small(LIMIT)}.`;
    });
  }

  /* Curves: axes in an SVG that takes the colours of the page. */
  const W = 320, H = 210, LEFT = 46, RIGHT = 14, TOP = 10, BOTTOM = 38;
  const INK = {a: "#0072b2", b: "#d55e00"};
  function chart(title, {x, y, xlabel, ylabel, xticks, yticks, log = [false, false]}) {
    const holder = make("div"), to = (value, [low, high], logarithmic) => logarithmic
      ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
    const across = value => LEFT + (W - LEFT - RIGHT) * to(value, x, log[0]);
    const up = value => H - BOTTOM - (H - BOTTOM - TOP) * Math.min(1.02, Math.max(-0.02, to(value, y, log[1])));
    const frame = `<path class="axis" d="M${LEFT} ${TOP}V${H - BOTTOM}H${W - RIGHT}"/>`
      + xticks.map(one => `<text x="${across(one)}" y="${H - BOTTOM + 14}" text-anchor="middle">${plainTick(one)}</text>`
        + `<path class="grid" d="M${across(one)} ${TOP}V${H - BOTTOM}"/>`).join("")
      + yticks.map(one => `<text x="${LEFT - 5}" y="${up(one) + 4}" text-anchor="end">${plainTick(one)}</text>`
        + `<path class="grid" d="M${LEFT} ${up(one)}H${W - RIGHT}"/>`).join("")
      + `<text x="${(LEFT + W - RIGHT) / 2}" y="${H - 6}" text-anchor="middle">${xlabel}</text>`
      + `<text transform="translate(11 ${(TOP + H - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${ylabel}</text>`;
    const draw = marks => {
      holder.innerHTML = `<svg viewBox="0 0 ${W} ${H}" role="img" aria-label="${title}">${frame}${marks.join("")}</svg>`;
    };
    const curve = (xs, ys, ink, dashed) => `<path class="curve" stroke="${ink}"${dashed ? ' stroke-dasharray="5 4"' : ""} d="${
      xs.map((one, i) => `${i && Math.abs(ys[i] - ys[i - 1]) < 0.5 * (y[1] - y[0]) ? "L" : "M"}${across(one).toFixed(1)} ${
        up(ys[i]).toFixed(1)}`).join("")}"/>`;
    const dot = (px, py, error, strong) => `<g class="point${strong ? " strong" : ""}"><path d="M${across(px)} ${
      up(py - error)}V${up(py + error)}"/><circle cx="${across(px)}" cy="${up(py)}" r="${strong ? 4 : 2.2}"/></g>`;
    const line = px => `<path class="here" d="M${across(px)} ${TOP}V${H - BOTTOM}"/>`;
    return {draw, curve, dot, line, panel: make("figure", {}, make("figcaption", {textContent: title}), holder)};
  }
  const plainTick = one => `${one}`.replace("-", "−");

  if (T.scattering) {
    const S = T.scattering, F = unpack(S.F), D = unpack(S.D), A = unpack(S.A), kpc = unpack(S.gradient_kpc);
    const mu = {x: [-1, 1], xlabel: "pitch-angle cosine μ", xticks: [-1, -0.5, 0, 0.5, 1]};
    const law = chart("How strongly each pitch angle is scattered",
      {...mu, y: [0, 0.24], ylabel: "D(μ), 1/yr", yticks: [0, 0.08, 0.16, 0.24]});
    const pad = chart("What distribution that makes", {...mu, y: [-8, 8], ylabel: "F − 1, 10⁻³", yticks: [-8, -4, 0, 4, 8]});
    const flat = S.eta.indexOf(0), one = S.omega.indexOf(1), free = S.L_pc.indexOf(null);
    const length = pc => pc === null ? "no focusing" : `L = ${plainTick(pc)} pc`;
    figure("scattering", {
      eta: {label: "Depth η of the wiggle of D", values: S.eta, say: one => `η = ${plainTick(one)}`, start: S.eta.indexOf(-293)},
      omega: {label: "Its period ω", values: S.omega, say: one => `ω = ${one}`, start: one},
      L: {label: "Focusing length L", values: S.L_pc, say: length, start: S.L_pc.indexOf(17.8)},
    }, [law.panel, pad.panel], ({eta, omega, L}) => {
      const [d, f, a] = [D(omega, eta), F(L, omega, eta), A(L, omega, eta)];
      law.draw([law.curve(S.mu, D(one, flat), INK.b, true), law.curve(S.mu, d, INK.a)]);
      pad.draw([pad.curve(S.mu, F(free, one, flat).map(v => 1e3 * v), INK.b, true), pad.curve(S.mu, f.map(v => 1e3 * v), INK.a)]);
      return `η = ${plainTick(S.eta[eta])}, ω = ${S.omega[omega]}, ${length(S.L_pc[L])}, level ${S.level}: D(0) = ${
        plain(d[(d.length - 1) / 2], 3)} per year; gradient length ${plain(kpc(omega, eta)[0], 3)} kpc; F − 1 runs from ${
        small(Math.min(...f))} to ${small(Math.max(...f))}; A₁ = ${small(a[0])}, A₂ = ${small(a[1])}. Dashed: η = 0, no focusing.`;
    });
  }

  if (T.dipole) {
    const S = T.dipole, E = S.energy_TeV, laws = Object.keys(S.laws), energies = {x: [E[0], E[E.length - 1]],
      xlabel: "energy, TeV", xticks: [1, 3, 10, 30, 100, 300]};
    const amplitude = chart("Amplitude of the dipole along the equator",
      {...energies, y: [0.1, 10], ylabel: "amplitude, 10⁻³", yticks: [0.1, 0.3, 1, 3, 10], log: [true, true]});
    const phase = chart("Right ascension of its maximum",
      {...energies, y: [-180, 180], ylabel: "phase, degrees", yticks: [-180, -90, 0, 90, 180], log: [true, false]});
    const wrap = one => (one + 540) % 360 - 180;
    figure("dipole", {
      energy: {label: "Energy", values: E, say: one => `${plain(one)} TeV`, start: 12},
      law: {label: "Gradient across the field", values: laws, say: String, start: 0},
      where: {label: "Seen from", values: ["north", "south"], say: String, start: 0},
    }, [amplitude.panel, phase.panel], ({energy, law, where}) => {
      const seen = S.laws[laws[law]][["north", "south"][where]], [a, da, p, dp] = seen.heliosphere, free = seen.straight;
      const near = S.measured.reduce((best, one) =>
        Math.abs(Math.log(one[1] / E[energy])) < Math.abs(Math.log(best[1] / E[energy])) ? one : best);
      amplitude.draw([...S.measured.map(one => amplitude.dot(one[1], 1e3 * one[2], 1e3 * one[3], one === near)),
        amplitude.curve(E, free[0].map(v => 1e3 * v), INK.b, true), amplitude.curve(E, a.map(v => 1e3 * v), INK.a), amplitude.line(E[energy])]);
      phase.draw([...S.measured.map(one => phase.dot(one[1], wrap(one[4]), one[5], one === near)),
        phase.curve(E, free[2].map(wrap), INK.b, true), phase.curve(E, p.map(wrap), INK.a), phase.line(E[energy])]);
      return `At ${plain(E[energy])} TeV the fitted distribution predicts an amplitude of (${fixed(1e3 * a[energy])} ± ${
        fixed(1e3 * da[energy])}) × 10⁻³ and a phase of ${fixed(p[energy], 0)}° ± ${fixed(dp[energy], 0)}°; without a heliosphere (dashed) ${
        small(free[0][energy])} and ${fixed(free[2][energy], 0)}°. Published nearest to that energy: ${near[0]} at ${plain(near[1], 3)} TeV, (${
        fixed(1e3 * near[2])} ± ${fixed(1e3 * near[3])}) × 10⁻³ and ${fixed(near[4], 0)}° ± ${fixed(near[5], 0)}°.`;
    });
  }
})();

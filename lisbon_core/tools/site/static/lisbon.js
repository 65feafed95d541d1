/* What a page does beside being read: a menu that shows or hides all code, and previews of equations and terms. */
addEventListener("beforeprint", () => document.querySelectorAll("details:not(.hide)").forEach(one => { one.open = true; }));

addEventListener("DOMContentLoaded", () => {
  /* The bar of the theme is no landmark, and those who listen would miss its title. */
  const bar = document.querySelector(".sidebar-primary-item:has(.navbar-brand)");
  bar?.setAttribute("role", "region");
  bar?.setAttribute("aria-label", "Title");

  /* Code: as the notebook folds it, all of it, or none; kept from page to page. */
  const folded = [...document.querySelectorAll("details.hide")], title = document.querySelector("article h1");
  if (title && document.querySelector(".cell_input")) {
    const label = document.createElement("label"), menu = document.createElement("select");
    for (const [value, text] of [["", "the physics"], ["all", "all"], ["none", "none"]]) menu.append(new Option(text, value));
    label.className = "code-menu";
    label.append("Code shown: ", menu);
    title.after(label);
    const obey = () => {
      document.body.classList.toggle("no-code", menu.value === "none");
      folded.forEach(one => { one.open = menu.value === "all"; });
      try { sessionStorage.setItem("code", menu.value); } catch { /* a page opened as a file may keep nothing */ }
    };
    try { menu.value = sessionStorage.getItem("code") ?? ""; } catch { /* as above */ }
    menu.addEventListener("change", obey);
    obey();
  }

  /* Previews: what a link to an equation or a term leads to, where the pointer or the keyboard is on it. */
  const box = document.createElement("div");
  box.id = "preview";
  box.setAttribute("role", "tooltip");
  box.hidden = true;
  document.body.append(box);
  let on = null;
  const hide = () => {
    on?.removeAttribute("aria-describedby");
    on = null;
    box.hidden = true;
  };
  const show = link => {
    const held = PREVIEWS[link.hash.slice(1)];
    if (!held || link === on) return;
    hide();
    on = link;
    box.textContent = held;
    box.hidden = false;
    link.setAttribute("aria-describedby", "preview");
    const place = () => {
      const at = link.getBoundingClientRect(), above = at.top > box.offsetHeight + 8;
      box.style.left = `${Math.max(8, Math.min(at.left, document.documentElement.clientWidth - box.offsetWidth - 8)) + scrollX}px`;
      box.style.top = `${(above ? at.top - box.offsetHeight - 6 : at.bottom + 6) + scrollY}px`;
    };
    place();
    if (held.includes("\\")) MathJax.typesetPromise([box]).then(place);
  };
  for (const link of document.querySelectorAll("a.preview")) {
    for (const event of ["mouseenter", "focus"]) link.addEventListener(event, () => show(link));
    for (const event of ["mouseleave", "blur"]) link.addEventListener(event, hide);
  }
  addEventListener("keydown", event => { if (event.key === "Escape") hide(); });
});

// What a book has and a page lacks: contents with page numbers, running heads, figures as vectors where there are some.
{
  const { pages, vectors } = JSON.parse(document.getElementById("printed").textContent);
  const make = (tag, text, about = {}) => Object.assign(document.createElement(tag), { textContent: text }, about);
  const contents = make("nav", "", { className: "book-contents" }), rules = make("style", "");
  const parts = [...document.querySelectorAll("#jb-print-toc p.caption")].map((part) => part.textContent.trim());
  // tables that the first chapter holds too, and what is read at a keyboard
  const left = /claims|equations|symbols|CONTRIBUTING|CHANGELOG|own|data|exercises/;
  [...document.querySelectorAll(".toctree-wrapper > section")].filter((chapter) => {
    const mark = chapter.previousElementSibling;
    chapter.prepend(mark);  // between chapters it would have a page to itself
    return !(chapter.hidden = left.test(mark.id));
  }).forEach((chapter, at) => {
    const heading = chapter.querySelector("h1, h2, h3"), title = heading.textContent.replace(/#$/, "");
    const part = parts[[...document.querySelectorAll(".toctree-wrapper")].indexOf(chapter.parentElement)] ?? "";
    const notebook = /notebooks.\d/.test(chapter.firstElementChild.id);
    heading.id = `chapter-${at}`;
    const entry = make("a", title, { href: `#${heading.id}` });
    entry.append(make("span", pages[at] ?? ""));
    contents.append(entry);
    // a change of the name of a page begins a new one: short chapters share the name of their part
    chapter.style.page = (notebook ? heading.id : part.replace(/\W/g, "-")) || "rest";
    rules.append(`@page ${chapter.style.page} { @top-left { content: ${JSON.stringify(notebook ? title : part)} } }\n`);
  });
  document.head.append(rules);
  document.querySelector(".bd-article h1").after(contents);
  let image;  // a caption follows its figure
  document.querySelectorAll(".cell_output :is(img, p > em:first-child)").forEach((one) => {
    const name = one.textContent.replace(/\.$/, "");
    if (one.tagName === "IMG") image = one;
    else if (image && vectors.includes(name)) image.src = `${name}.svg`;
  });
}

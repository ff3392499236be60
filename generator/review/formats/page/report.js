"use strict";

const box = document.querySelector("#search");
const count = document.querySelector("#count");
const sections = [...document.querySelectorAll("section")];
const parts = sections.map((section) => ({
  section,
  name: section.dataset.name.toLowerCase(),
  row: document.querySelector(`li[data-row="${CSS.escape(section.dataset.name)}"]`),
  items: [...section.querySelectorAll(".findings > li, .change")],
}));
const texts = new WeakMap();

function says(item, words) {
  if (!texts.has(item)) texts.set(item, item.textContent.toLowerCase());
  return words.every((word) => texts.get(item).includes(word));
}

function search() {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const part of parts) {
    const named = words.length > 0 && words.every((word) => part.name.includes(word));
    let some = named || words.length === 0;
    for (const item of part.items) {
      const shown = words.length === 0 || named || says(item, words);
      item.hidden = !shown;
      some ||= shown;
      found += words.length > 0 && shown ? 1 : 0;
    }
    part.section.hidden = !some;
    if (part.row) part.row.hidden = !some;
    if (words.length > 0 && some) part.section.firstElementChild.open = true;
  }
  count.textContent = words.length > 0 ? `${found} found` : "";
}

function fold(open) {
  for (const item of document.querySelectorAll("details")) item.open = open;
}

let pending = 0;
box.addEventListener("input", () => {
  clearTimeout(pending);
  pending = setTimeout(search, 80);
});
document.querySelector("#open").addEventListener("click", () => fold(true));
document.querySelector("#fold").addEventListener("click", () => fold(false));
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && event.target !== box) {
    event.preventDefault();
    box.focus();
  } else if (event.key === "Escape" && event.target === box) {
    box.value = "";
    search();
  }
});
for (const link of document.querySelectorAll(".overview a")) {
  link.addEventListener("click", () => {
    document.querySelector(link.getAttribute("href")).firstElementChild.open = true;
  });
}

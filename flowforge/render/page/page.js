"use strict";
(() => {
  const find = document.getElementById("find");
  if (!find) return;
  const kind = document.getElementById("kind");
  const shown = document.getElementById("shown");
  const groups = [...document.querySelectorAll(".group")].map((section) => ({
    section,
    number: section.querySelector(".number"),
    body: section.querySelector("tbody"),
    rows: [...section.querySelectorAll("tbody tr")].map((row, order) => ({
      row, order, kind: row.className, rank: Number(row.dataset.rank), text: row.textContent.toLowerCase(), hidden: false,
    })),
  }));
  const total = groups.reduce((sum, group) => sum + group.rows.length, 0);
  const name = groups.map((group) => group.section.querySelector("h2").firstChild.textContent.toLowerCase());

  function filter() {
    const start = performance.now();
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    groups.forEach((group, index) => {
      const rest = words.filter((word) => !name[index].includes(word));
      let mine = 0;
      for (const each of group.rows) {
        const fits = (!kind.value || each.kind === kind.value) && rest.every((word) => each.text.includes(word));
        mine += fits;
        if (each.hidden === fits) {
          each.row.hidden = each.hidden = !fits;
        }
      }
      group.section.hidden = !mine;
      group.number.textContent = mine.toLocaleString("en");
      left += mine;
    });
    shown.textContent = left === total
      ? `${total.toLocaleString("en")} rows`
      : `${left.toLocaleString("en")} of ${total.toLocaleString("en")} rows`;
    performance.measure("filter", { start, end: performance.now() });
  }

  const compare = new Intl.Collator("en", { numeric: true }).compare;
  function sort(group, column, ascending) {
    const start = performance.now();
    const key = column === 0 ? null : new Map(group.rows.map((each) => [each, each.row.cells[column].textContent]));
    const sign = ascending ? 1 : -1;
    group.rows.sort((a, b) => {
      const by = key ? compare(key.get(a), key.get(b)) : a.rank - b.rank;
      return sign * by || a.order - b.order;
    });
    group.body.append(...group.rows.map((each) => each.row));
    performance.measure("sort", { start, end: performance.now() });
  }

  for (const group of groups) {
    const heads = [...group.section.querySelectorAll("th")];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const ascending = head.getAttribute("aria-sort") !== "ascending";
        heads.forEach((each) => each.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
        sort(group, column, ascending);
      });
    });
  }

  let waiting = 0;
  find.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, total > 1000 ? 120 : 0);
  });
  kind.addEventListener("change", filter);
  document.getElementById("tools").hidden = false;
  filter();
})();

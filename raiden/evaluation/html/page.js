/* Puts the page together from its content. */

(function () {
  const content = JSON.parse(byId("content").textContent);
  drawHead(content);
  drawResult(content);
  const filters = new Filters(content);
  drawWhy(content, filters);
  drawCurves(content);
  drawFigures(content, filters);
  // The address after the # is the filters' own; skipping must not change it.
  document.querySelector("[data-skip]").addEventListener("click", (event) => {
    event.preventDefault();
    byId("samples-title").focus();
  });
})();

// A log tail: follows while it is at its end, can be paused, and can be searched.
// The address answers {"text", "offset", "is_final"} for ?offset=N: what was written after that byte.
(() => {
  class Tail {
    constructor(box) {
      this.box = box;
      this.offset = 0;
      this.text = "";
      this.isPaused = false;
      this.pane = box.querySelector("[data-log-text]");
      this.found = box.querySelector("[data-log-found]");
      this.field = box.querySelector("[data-log-search]");
      this.button = box.querySelector("[data-log-pause]");
      this.button.addEventListener("click", () => this.toggle());
      this.field.addEventListener("input", () => this.draw());
      this.pane.textContent = this.pane.dataset.empty;
      this.tick();
    }

    toggle() {
      this.isPaused = !this.isPaused;
      this.button.setAttribute("aria-pressed", String(this.isPaused));
      this.button.textContent = this.isPaused ? this.button.dataset.go : this.button.dataset.pause;
      if (!this.isPaused) this.draw();
    }

    async tick() {
      if (!this.box.isConnected) return;
      let isFinal = false;
      try {
        if (!document.hidden) isFinal = await this.load();
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        window.writConnection?.lost();
      }
      if (!isFinal) setTimeout(() => this.tick(), Number(this.box.dataset.refreshMs));
    }

    async load() {
      const url = new URL(this.box.dataset.logUrl, location.href);
      url.searchParams.set("offset", this.offset);
      const answer = await fetch(url, { headers: { Accept: "application/json" } });
      if (!answer.ok) return false;
      window.writConnection?.back();
      const news = await answer.json();
      this.offset = news.offset;
      this.text = (this.text + news.text).slice(-2_000_000);
      if (news.text && !this.isPaused) this.draw();
      return news.is_final;
    }

    draw() {
      if (!this.text) return;
      const pane = this.pane;
      const isAtEnd = pane.scrollHeight - pane.scrollTop - pane.clientHeight < 40;
      const wanted = this.field.value.trim().toLowerCase();
      const lines = wanted ? this.text.split("\n").filter((line) => line.toLowerCase().includes(wanted)) : null;
      this.found.textContent = lines ? this.found.dataset.words.replace("%n", lines.length) : "";
      if (lines) pane.replaceChildren(...lines.slice(-2000).flatMap((line) => [...this.marked(line, wanted), "\n"]));
      else pane.textContent = this.text;
      if (isAtEnd || wanted) pane.scrollTop = pane.scrollHeight;
    }

    marked(line, wanted) {
      const parts = [];
      const low = line.toLowerCase();
      let from = 0;
      for (let at = low.indexOf(wanted); at >= 0; at = low.indexOf(wanted, from)) {
        parts.push(line.slice(from, at), Object.assign(document.createElement("mark"), { textContent: line.slice(at, at + wanted.length) }));
        from = at + wanted.length;
      }
      return [...parts, line.slice(from)];
    }
  }

  const start = (root) => root.querySelectorAll?.("[data-log-url]:not([data-started])").forEach((box) => {
    box.dataset.started = "yes";
    new Tail(box);
  });
  start(document);
  document.addEventListener("htmx:load", (event) => start(event.target));
})();

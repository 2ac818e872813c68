// Spares the staff from reloading: everything also works without this script.
'use strict';
(() => {
  const form = document.getElementById('act-form');
  const out = document.getElementById('act');
  const list = document.getElementById('sources');
  const can = document.getElementById('can');
  const button = form.querySelector('button[type=submit]');
  const lang = document.documentElement.lang;
  let following = 0;

  const show = html => {
    out.innerHTML = html;
    const act = out.querySelector('[data-act]');
    // A screen reader waits for the result instead of reading every step again.
    out.setAttribute('aria-busy', act ? act.dataset.running : 'false');
    return act;
  };

  // Asks for the act's next state until it is over; the server answers when there is one.
  const follow = async () => {
    const turn = ++following;
    let act = out.querySelector('[data-act]');
    try {
      while (act && act.dataset.running === 'true') {
        const part = await fetch(`/acts/${act.dataset.act}?part=1&lang=${lang}&seen=${act.dataset.version}`);
        if (turn !== following) return;
        if (!part.ok || part.redirected) throw new Error('lost');
        act = show(await part.text());
      }
    } catch {
      if (turn === following) out.textContent = out.dataset.lost;
    }
    if (turn !== following) return;
    button.disabled = false;
    const heading = out.querySelector('#pin') ?? out.querySelector('h2');
    if (heading) heading.focus();
    if (out.querySelector('.failed')) can.select();
  };

  form.addEventListener('submit', async event => {
    event.preventDefault();
    button.disabled = true;
    const body = new URLSearchParams(new FormData(form));
    can.value = '';
    // What is opened for a child is opened for that child once.
    form.querySelector('.for-child')?.remove();
    following++;
    try {
      const answer = await fetch('/acts', { method: 'POST', body, headers: { 'X-Part': '1' } });
      if (answer.status === 422) { button.disabled = false; form.reportValidity(); can.focus(); return; }
      if (!answer.ok) throw new Error('refused');
      const act = show(await answer.text());
      // A reload, or another language, shows the same act again.
      history.replaceState(null, '', `/acts/${act.dataset.act}?lang=${lang}`);
      document.querySelectorAll('nav a').forEach(link => { link.href = `/acts/${act.dataset.act}?lang=${link.hreflang}`; });
      out.scrollIntoView({ block: 'nearest' });
      follow();
    } catch {
      button.disabled = false;
      out.textContent = out.dataset.lost;
    }
  });

  // Readers come and go while the page is open.
  let seen = '';
  setInterval(async () => {
    if (document.hidden) return;
    const chosen = form.querySelector('[name=source]:checked');
    const query = new URLSearchParams({ lang, source: chosen ? chosen.value : '' });
    try {
      const html = await (await fetch(`/sources?${query}`)).text();
      if (html === seen) return;
      seen = html;
      const focused = list.contains(document.activeElement) ? document.activeElement.value : null;
      const scrolled = list.querySelector('.cards')?.scrollTop ?? 0;
      list.innerHTML = html;
      const cards = list.querySelector('.cards');
      if (cards) cards.scrollTop = scrolled;
      if (focused) list.querySelector(`[value="${CSS.escape(focused)}"]`)?.focus();
    } catch { /* the next look will tell */ }
  }, 1500);

  list.addEventListener('change', event => { if (event.isTrusted && !event.target.matches(':focus-visible')) can.focus(); });
  list.querySelector('.card :checked')?.closest('.card').scrollIntoView({ block: 'nearest' });
  if (out.querySelector('[data-act]')) follow();
})();

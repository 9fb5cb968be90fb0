import { renderText, templateSyntaxProblem, variablesIn } from "../../../src/services/saas/automation/render";

const scope = {
  lead: { firstName: "Ana", lastName: null },
  event: { data: { startsAt: "2026-12-01T09:00:00.000Z" } },
  timezone: "Europe/Lisbon",
};

describe("variables of rules", () => {
  it("are filled with the lead's values", async () => {
    expect(await renderText("Hi {{lead.firstName}}", scope)).toBe("Hi Ana");
  });

  it("take their default when the value is null or missing", async () => {
    expect(await renderText('{{lead.lastName | default: "friend"}}', scope)).toBe("friend");
    expect(await renderText('{{event.data.joinUrl | default: "-"}}', scope)).toBe("-");
  });

  it("write dates in the lead's zone", async () => {
    expect(
      await renderText('{{event.data.startsAt | date: "dd/MM HH:mm"}}', { ...scope, timezone: "Asia/Tokyo" }),
    ).toBe("01/12 18:00");
  });

  it("are refused when they name something that has no value", async () => {
    await expect(renderText("Hi {{lead.nickname}}", scope)).rejects.toMatchObject({
      code: "missing-variable",
    });
  });

  it("cannot reach inherited properties, run for ever, or grow without end", async () => {
    await expect(renderText("{{lead.constructor}}", scope)).rejects.toMatchObject({
      code: "missing-variable",
    });
    await expect(renderText("{% for a in (1..100000000) %}x{% endfor %}", scope)).rejects.toMatchObject({
      code: "missing-variable",
    });
  });

  const doubled = (first: string, step: string) =>
    `{% assign s = '${"x".repeat(32)}' %}${first}${step.repeat(60)}{{ s | size }}`;
  it.each([
    [
      "loops within loops",
      "{% for a in (1..1000) %}{% for b in (1..1000) %}{% for c in (1..1000) %}{% assign z = 1 %}{% endfor %}{% endfor %}{% endfor %}x",
    ],
    ["tables", "{% tablerow i in (1..1000000) cols:2 %}{{i}}{% endtablerow %}"],
    ["a long list", "{{ (1..5000000) | join: ',' | size }}"],
    ["a text that doubles", doubled("", "{% assign s = s | append: s %}")],
    ["a list that doubles", doubled("{% assign s = s | split: '' %}", "{% assign s = s | concat: s %}")],
    ["what grows by replacing", doubled("", "{% assign s = s | replace: 'x', 'xxxxxxxx' %}")],
    ["what is kept and doubles", doubled("", "{% capture s %}{{s}}{{s}}{% endcapture %}")],
    [
      "values without end",
      `{% assign s = '${"x".repeat(1_000)}' %}{% for i in (1..100000) %}{{s}}{% endfor %}`,
    ],
    ["texts without end", `{% for i in (1..900000) %}${"x".repeat(4_000)}{% endfor %}`],
    ["a template that is too long", "{% if true %}".repeat(1_000)],
    ["a slice beyond everything", "{{ lead.firstName | slice: 0, 99999999999 }}"],
    ["a date of many letters", `{{ event.data.startsAt | date: '${"yyyy".repeat(1_500)}' }}`],
    ["what objects inherit", "{{ lead.constructor.constructor }}{{ lead.__proto__ }}"],
  ])("are stopped in time and space: %s", async (_what, text) => {
    const [before, started] = [process.memoryUsage().rss, process.cpuUsage()];
    await expect(renderText(text, scope)).rejects.toMatchObject({ code: "missing-variable" });
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1_000).toBeLessThan(1_000);
    expect((process.memoryUsage().rss - before) / 1e6).toBeLessThan(100);
  });

  it("write dates in a zone that is named, in the lead's language, and days without a clock as they are", async () => {
    const on = (text: string, more = {}) => renderText(text, { ...scope, ...more });
    expect(await on('{{event.data.startsAt | date: "HH:mm", "America/Sao_Paulo"}}')).toBe("06:00");
    expect(await on('{{event.data.startsAt | date: "d MMMM"}}', { locale: "pt_PT" })).toBe("1 dezembro");
    expect(await on('{{ "2026-12-01" | date: "dd/MM" }}', { timezone: "America/Sao_Paulo" })).toBe("01/12");
  });

  it("write numbers, money and phone numbers as the lead's language does", async () => {
    const german = { locale: "de_DE", currency: "EUR", n: 1234.5, v: { amount: 1234.5, currency: "USD" } };
    expect(await renderText("{{n | number: 2}}", german)).toBe("1.234,50");
    expect(await renderText("{{n | money}}", german)).toBe("1.234,50\u00a0€");
    expect(await renderText("{{v | money}}", german)).toBe("1.234,50\u00a0$");
    expect(await renderText('{{n | money: "GBP"}}', german)).toBe("1.234,50\u00a0£");
    const phone = { p: "+351910000001" };
    expect(await renderText("{{p | phone}}", phone)).toBe("+351 910 000 001");
    expect(await renderText('{{p | phone: "national"}}', phone)).toBe("910 000 001");
    expect(await renderText('{{p | phone: "digits"}}', phone)).toBe("351910000001");
  });

  it.each([
    "{{ n | number }}",
    "{{ n | money }}",
    "{{ n | phone }}",
    "{{ n | date }}",
    "{{ o }}",
    "{{ n | upcase | number }}",
  ])("leave no hole where a filter cannot read its value: %s", async (text) => {
    await expect(renderText(text, { n: "neither", o: {}, currency: "EUR" })).rejects.toMatchObject({
      code: "missing-variable",
    });
  });

  it("give what is missing to the default behind any filter", async () => {
    for (const filter of ["date", "number", "money", "phone", "upcase"])
      expect(await renderText(`{{lead.lastName | ${filter} | default: "-"}}`, scope)).toBe("-");
    expect(await renderText('{{lead.lastName | default: ""}}', scope)).toBe("");
  });

  it.each(['{% include "/etc/passwd" %}', '{% render "package.json" %}', '{% layout "x" %}'])(
    "read no files: %s",
    async (text) => {
      expect(templateSyntaxProblem(text)).toMatch(/unknown tag/);
      await expect(renderText(text, scope)).rejects.toMatchObject({ code: "missing-variable" });
    },
  );

  it("tell which filter was meant, and which variables a text reads from outside", () => {
    expect(templateSyntaxProblem("{{lead.firstName | upcas}}")).toBe(
      "has the unknown filter upcas; did you mean upcase?",
    );
    expect(
      variablesIn("{% assign a = lead.score %}{{a}}{% for t in lead.tags %}{{t}}{{vars.x}}{% endfor %}"),
    ).toEqual([
      ["lead", "score"],
      ["lead", "tags"],
      ["vars", "x"],
    ]);
  });
});

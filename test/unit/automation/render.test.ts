import { renderText } from "../../../src/services/saas/automation/render";

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
});

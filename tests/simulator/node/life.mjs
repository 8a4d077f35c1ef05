// What a program in JavaScript sees of the simulator, with Stripe's own library: one function for each rule.
// node life.mjs LIBRARY URL KEY ORGANISATION_KEY SIBLING CONNECTED_ACCOUNT prints {"rule": "ok" or what went wrong, …}

import assert from "node:assert/strict";
import { createRequire } from "node:module";

const [, , library, url, key, organisationKey, sibling, connected] = process.argv;
const Stripe = createRequire(library + "/")("stripe").default ?? createRequire(library + "/")("stripe");
const { hostname: host, port } = new URL(url);
const connect = (apiKey, options = {}) =>
  new Stripe(apiKey, { host, port, protocol: "http", maxNetworkRetries: 0, telemetry: false, ...options });
const stripe = connect(key);
const runs = stripe.reporting.reportRuns;

const OCTOBER = { interval_start: 1790812800, interval_end: 1793491200 };
const summary = (parameters = {}) => ({
  report_type: "balance.summary.1",
  parameters: { ...OCTOBER, ...parameters },
});
const post = (path, fields) => fetch(url + path, { method: "POST", body: new URLSearchParams(fields) });
const pass = (seconds) => post("/simulator/clock", { advance: String(seconds) });
const fault = (text) => post("/simulator/faults", { fault: text });
const download = (file, apiKey = key) =>
  fetch(file.url, { headers: { Authorization: `Bearer ${apiKey}` } });
const finished = async (parameters) => {
  const run = await runs.create(summary(parameters));
  await pass(20);
  return runs.retrieve(run.id);
};

const rules = {
  async "a run is pending, then succeeds, and its file can be downloaded"() {
    const run = await runs.create(summary({ columns: ["net_amount", "currency"], timezone: "Asia/Tokyo" }));
    assert.equal(run.status, "pending");
    assert.equal(run.result, null);
    assert.deepEqual(run.parameters.columns, ["net_amount", "currency"]);
    await pass(20);
    const ended = await runs.retrieve(run.id, { expand: ["result"] });
    assert.equal(ended.status, "succeeded");
    assert.ok(ended.succeeded_at >= ended.created);
    const file = await stripe.files.retrieve(ended.result.id);
    assert.equal(file.url, ended.result.url);
    const bytes = await (await download(file)).arrayBuffer();
    assert.equal(bytes.byteLength, file.size);
    assert.match(Buffer.from(bytes).toString(), /^"net_amount","currency"\n"/);
    assert.equal((await fetch(file.url)).status, 401);
  },

  async "a failed run says why, in a list"() {
    await fault("run.failed");
    const run = await runs.create(summary());
    await pass(20);
    const [listed] = (await runs.list({ limit: 1 })).data;
    assert.equal(listed.id, run.id);
    assert.equal(listed.status, "failed");
    assert.match(listed.error, /could not be generated/);
    // The library takes any top member called "error" for one of its own, and so it does with Stripe.
    await assert.rejects(runs.retrieve(run.id), { rawType: listed.error });
  },

  async "lists are paged by the library and filtered by time"() {
    const made = [];
    for (const currency of ["eur", "usd", "jpy", "kwd", "eur"]) made.unshift((await finished({ currency })).id);
    const seen = [];
    for await (const run of runs.list({ limit: 2 })) {
      seen.push(run.id);
      if (seen.length === 5) break;
    }
    assert.deepEqual(seen, made);
    const { created } = await runs.retrieve(made[2]);
    const later = await runs.list({ created: { gt: created } });
    assert.deepEqual(later.data.map((run) => run.id), made.slice(0, 2));
    const earlier = await runs.list({ limit: 2, starting_after: made[0] });
    assert.deepEqual(earlier.data.map((run) => run.id), made.slice(1, 3));
    assert.equal(earlier.has_more, true);
  },

  async "report types say what they have data for"() {
    const types = await stripe.reporting.reportTypes.list();
    const type = await stripe.reporting.reportTypes.retrieve("payouts.itemized.5");
    assert.ok(types.data.length > 20);
    assert.equal(type.name, "Itemized payouts");
    assert.ok(type.data_available_start < type.data_available_end);
  },

  async "one idempotency key makes one run"() {
    const options = { idempotencyKey: "node-1" };
    const first = await runs.create(summary(), options);
    const second = await runs.create(summary(), options);
    assert.equal(second.id, first.id);
    assert.equal(second.lastResponse.headers["idempotent-replayed"], "true");
    await assert.rejects(runs.create(summary({ currency: "eur" }), options), Stripe.errors.StripeIdempotencyError);
  },

  async "files are listed, and linked to for anybody"() {
    const run = await finished();
    const files = await stripe.files.list({ purpose: "finance_report_run", limit: 100 });
    assert.ok(files.data.some((file) => file.id === run.result.id));
    const link = await stripe.fileLinks.create({ file: run.result.id, metadata: { for: "auditor" } });
    assert.equal((await (await fetch(link.url)).arrayBuffer()).byteLength, run.result.size);
    const whole = await stripe.fileLinks.retrieve(link.id, { expand: ["file"] });
    assert.equal(whole.file.filename, run.result.filename);
    assert.equal((await stripe.fileLinks.update(link.id, { expires_at: "now" })).expired, true);
    assert.equal((await fetch(link.url)).status, 404);
  },

  async "account, balance and events are true"() {
    const account = await stripe.accounts.retrieve();
    assert.equal(account.country, "LU");
    const balance = await stripe.balance.retrieve();
    assert.deepEqual(balance.available.map((each) => each.currency), ["eur", "jpy", "kwd", "usd"]);
    const run = await finished();
    const [event] = (await stripe.events.list({ type: "reporting.report_run.succeeded", limit: 1 })).data;
    assert.equal(event.data.object.id, run.id);
    assert.equal((await stripe.events.retrieve(event.id)).created, event.created);
    const seen = new Set();
    for await (const each of stripe.events.list({ limit: 50 })) {
      seen.add(each.id);
      if (seen.size === 120) break;
    }
    assert.equal(seen.size, 120);
  },

  async "an account acts for another one"() {
    const run = await runs.create(summary(), { stripeAccount: connected });
    await assert.rejects(runs.retrieve(run.id), { type: "StripeInvalidRequestError", statusCode: 404 });
    assert.equal((await runs.retrieve(run.id, {}, { stripeAccount: connected })).id, run.id);
  },

  async "an organisation's key acts for the account of its context"() {
    const ofOrganisation = connect(organisationKey).reporting.reportRuns;
    const context = { stripeContext: sibling };
    const run = await ofOrganisation.create(summary(), context);
    assert.equal((await ofOrganisation.retrieve(run.id, {}, context)).id, run.id);
    await assert.rejects(runs.retrieve(run.id), { statusCode: 404 });
    await assert.rejects(ofOrganisation.retrieve(run.id), /Please include the Stripe-Context header/);
    await assert.rejects(ofOrganisation.retrieve(run.id, {}, { stripeContext: `${sibling}/${connected}` }), {
      type: "StripePermissionError",
      code: "account_invalid",
    });
  },

  async "a tax invoice month is sent and echoed, also by a library that does not know it"() {
    const liveKey = key.replace("_test_", "_live_");
    const live = connect(liveKey).reporting.reportRuns;
    const asked = (month) =>
      live.create({
        report_type: "all_fees.vat_invoice_v2.itemized.2",
        parameters: { tax_invoice_month: month },
      });
    const run = await asked("2026-10");
    assert.deepEqual({ ...run.parameters }, { tax_invoice_month: "2026-10" });
    await pass(20);
    const ended = await live.retrieve(run.id);
    assert.match(await (await download(ended.result, liveKey)).text(), /"fee_category"/);
    await assert.rejects(asked("10/2026"), {
      type: "StripeInvalidRequestError",
      param: "parameters[tax_invoice_month]",
    });
  },

  async "the activity by component and the fees of financial accounts are reports like all others"() {
    const expected = {
      "activity.itemized.3": /"payments_fee"/,
      "activity.summary.1": /"reporting_category"/,
      "treasury_fees.administrative_facilitation_fee.1": /"effr_value"/,
    };
    for (const [reportType, text] of Object.entries(expected)) {
      const run = await runs.create({ report_type: reportType, parameters: OCTOBER });
      await pass(20);
      const { result } = await runs.retrieve(run.id);
      assert.match(await (await download(result)).text(), text);
    }
  },

  async "each error has the type that it has with Stripe"() {
    const refused = (call, expected) => assert.rejects(call, expected);
    await refused(runs.create({ report_type: "nonsense" }), {
      type: "StripeInvalidRequestError",
      statusCode: 404,
      code: "resource_missing",
      param: "report_type",
    });
    await refused(runs.create(summary({ interval_end: 1799999999 })), {
      type: "StripeInvalidRequestError",
      statusCode: 400,
      param: "parameters.interval_end",
    });
    await refused(connect("sk_nonsense").reporting.reportTypes.list(), { type: "StripeAuthenticationError" });
    await refused(connect("rk_test_nothing").reporting.reportTypes.list(), { type: "StripePermissionError" });
    const faults = {
      "answer.429": { type: "StripeRateLimitError", statusCode: 429, code: "rate_limit" },
      "answer.lock_timeout": { type: "StripeRateLimitError", code: "lock_timeout" },
      "answer.409": { statusCode: 409, code: "idempotency_key_in_use" },
      "answer.500": { type: "StripeAPIError", statusCode: 500 },
      "answer.html": { type: "StripeAPIError" },
      "connection.reset:2": { type: "StripeConnectionError" }, // the first is always tried again
    };
    for (const [name, expected] of Object.entries(faults)) {
      await fault(name);
      await refused(runs.list(), expected);
    }
    const error = await runs.retrieve("frr_1").catch((error) => error);
    assert.match(error.requestId, /^req_/);
  },

  async "what was lost on the way is not done twice"() {
    const patient = connect(key, { maxNetworkRetries: 2 });
    const before = (await runs.list({ limit: 100 })).data.length;
    await fault("connection.lost");
    const run = await patient.reporting.reportRuns.create(summary());
    const after = (await runs.list({ limit: 100 })).data;
    assert.equal(after.length, before + 1);
    assert.equal(after[0].id, run.id);
  },
};

const results = {};
for (const [rule, holds] of Object.entries(rules)) {
  try {
    await holds();
    results[rule] = "ok";
  } catch (error) {
    results[rule] = error.stack;
  }
}
console.log(JSON.stringify(results));

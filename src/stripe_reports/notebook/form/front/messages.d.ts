// What Python and a view send to each other. `view.py`, `menu.py` and `contents.py` make what Python sends.

export interface Purpose {
  report_types: string[];
  words: string[];
}

export interface Menu {
  timezones: string[];
  categories: string[];
  currencies: string[];
  purposes: Purpose[];
  stop_words: string[];
  endings: string[];
  form: string; // the id of the form
}

export interface ReportType {
  id: string;
  title: string;
  is_old: boolean;
  why_not: string | null;
}

export interface Family {
  title: string;
  types: ReportType[];
}

export interface ColumnGroup {
  title: string;
  columns: { name: string; description: string }[];
}

export interface ChosenType {
  id: string;
  title: string;
  why_not: string | null;
  problem: string;
  superseded_by: string;
}

export interface TextField {
  name: string;
  label: string;
  value: string;
  hint: string;
  needed: boolean;
  problem: string;
  note: string;
}

export interface MenuPeriod {
  value: string;
  group: string;
  text: string;
}

export interface Bounds {
  start: string;
  end: string;
  zone: string;
  first_day: string;
  last_day: string;
  length: string;
}

export interface Available {
  first_day: string;
  last_day: string;
  from: string;
  to: string;
  published: string;
  published_at: string;
  published_ago?: string;
}

export interface Period {
  value: string;
  menu: MenuPeriod[];
  is_moment: boolean;
  typed: { first: string; after: string } | null;
  bounds: Bounds | null;
  available: Available | null;
  problem: string;
  note: string;
  by_month: boolean | null; // null where it cannot be chosen
}

export type ColumnMode = "default" | "all" | "chosen";

export interface Columns {
  mode: ColumnMode;
  chosen: string[];
  default_count: number | null;
  all_count: number;
  complete: boolean;
  metadata: string[];
  problem: string;
  note: string;
}

export interface Button {
  text: string;
  enabled: boolean;
  why: string;
  can_renew: boolean;
  problems: string[];
}

export interface Running {
  title: string;
  status: string;
  started: number; // Unix seconds
  expected: number | null; // seconds
  run: string;
}

export interface Shown {
  type: ChosenType;
  fields: ({ name: "period" | "columns" } | TextField)[];
  period: Period | null;
  columns: Columns | null;
  button: Button;
  running: Running | null;
  problem: { title: string; number: number } | null;
  notice: string;
  code: string;
  selection: { by: string; number: number } | null;
  has_controls: boolean;
  result: string;
  history: string[];
  is_other: boolean;
}

// The synchronised state.
export interface State {
  static: Menu;
  families: Family[];
  column_groups: ColumnGroup[];
  shown: Shown;
  below: string | null; // the id of a widget
  run_id: string;
}

export interface TableColumn {
  name: string;
  numeric: boolean;
  zone: string | null;
  payouts: boolean;
}

export interface PlainTable {
  columns: { name: string; numeric: boolean; zone: string | null }[];
  rows: (string | null)[][];
  total: number;
}

export interface Page {
  rows: (string | null)[][];
  offset: number;
  matching: number;
  total: number;
}

export interface HistoryEntry {
  id: string;
  title: string;
  type: string;
  period: string;
  status: string;
  age: string;
  place: string;
}

export interface ControlCell {
  outcome: "passes" | "explained" | "fails";
  left: string;
  right: string;
  difference: string;
}

export interface Control {
  control: string;
  left: string;
  right: string;
  outcome: ControlCell["outcome"];
  cells: (ControlCell | null)[];
}

export interface Matrix {
  currencies: string[];
  controls: Control[];
}

export interface Explained {
  sentence: string;
  notes: string[];
  bridge: { part: string; amount: string }[];
  total: string;
  currency: string;
  svg: string;
  code: string;
}

export interface Selection {
  rows: number;
  total: number;
  payout: string | null;
  code: string;
}

export interface DrawnChart {
  svg: string;
  kinds: Record<string, string>;
  kind: string;
  run: string;
  selections: string[];
}

// The answer to each question.
export interface Answers {
  overview: {
    title: string;
    summary: { currency: string; text: string }[];
    reuse: string;
    provenance: [string, string][];
    columns: TableColumn[];
  };
  rows: Page;
  chart: DrawnChart;
  live_chart: { spec: object };
  selection: Selection | { rows: null };
  file: { id: string; name: string; size: number; type: string };
  piece: object;
  vega: object;
  history: { entries: HistoryEntry[]; runs: boolean };
  known_ids: { ids: string[] };
  problem: { text: string };
  controls: Matrix & { title: string; passes: boolean; notes: string[] };
  control_rows: PlainTable;
  payout: Explained;
  payout_rows: PlainTable;
  below: { html: string[] };
  saved: { html: string };
}

// To one view, or to all that something changed.
export interface Answer {
  view: string;
  seq: number;
  changed?: "below" | "saved";
  problem?: string;
  answer?: object;
}

export type Listener = (answer: Answer, buffers?: DataView[]) => void;

export interface Kernel {
  id: string;
  status: string;
  connectionStatus: string;
  isDisposed: boolean;
  statusChanged?: { connect(told: KernelListener): void; disconnect(told: KernelListener): void };
}
export type KernelListener = (kernel: Kernel, status: string) => void;

// The outputs of a cell, in JupyterLab's model of a notebook.
export interface Outputs {
  length: number;
  get(index: number): { toJSON(): Output };
  set(index: number, output: Output): void;
}
export interface Output {
  data?: Record<string, string | string[]>;
}

// Python's model of the widget, as anywidget gives it to a view.
export interface Model {
  widget_manager?: {
    kernel?: Kernel | null;
    context?: { model: { cells: Iterable<{ outputs?: Outputs }> } };
    get_model(id: string): Promise<object>;
    create_view?(model: object): Promise<{ el: HTMLElement }>;
  };
  get<Name extends keyof State>(name: Name): State[Name];
  set(name: "run_id", value: string): void;
  save_changes(): void;
  send(message: object): void;
  on(event: "msg:custom", listener: Listener): void;
  on(event: string, listener: () => void): void;
  off(event: "msg:custom", listener: Listener): void;
  off(event: string, listener: () => void): void;
}

export interface Port {
  view: string;
  tell(what: string, values?: object): void;
  ask<What extends keyof Answers>(
    what: What,
    values?: object,
  ): Promise<Answers[What] & { buffers: DataView<ArrayBuffer>[] }>;
  cutOff(why: string): void; // every question is refused, until it is empty
  close(): void;
}

// What is selected in a chart: of a point, a list of values; else the values themselves.
export type Signal = { vlPoint?: { or: object }; [field: string]: unknown } | null | undefined;

// The module that Python sends for charts in which rows can be selected.
export interface Vega {
  vegaEmbed(
    holder: HTMLElement,
    spec: object,
    options: object,
  ): Promise<{
    view: { signal(name: string): Signal; addSignalListener(name: string, act: () => void): void };
    finalize(): void;
  }>;
}

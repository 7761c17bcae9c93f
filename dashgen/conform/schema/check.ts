// What the test fills in: the dashboards as literals, held against Grafana's
// own types. A JSON's strings are no members of an enum to TypeScript, though
// they are their values: Literal takes the values.
import type { AnnotationQuery, Dashboard, DataQuery, VariableModel } from '@grafana/schema';
import type { Options as BarGaugeOptions } from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type { FieldConfig as HeatmapField, Options as HeatmapOptions } from '@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen';
import type { Options as StatOptions } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type { FieldConfig as StateTimelineField, Options as StateTimelineOptions } from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type { Options as TableOptions } from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type { FieldConfig as TimeSeriesField, Options as TimeSeriesOptions } from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

type Literal<T> = unknown extends T
  ? T
  : T extends string
    ? `${T}`
    : T extends number | boolean | null | undefined
      ? T
      : T extends Array<infer U>
        ? Array<Literal<U>>
        : T extends object
          ? { [K in keyof T]: Literal<T[K]> }
          : T;

// The Prometheus data source's own part of a query is not published any more.
interface PromQuery extends DataQuery {
  editorMode?: 'code' | 'builder';
  expr: string;
  format?: 'time_series' | 'table' | 'heatmap';
  instant?: boolean;
  legendFormat?: string;
  range?: boolean;
}

// Nor are its annotations, which keep texts, and for old Grafanas the query,
// beside what is published.
interface PromAnnotation extends AnnotationQuery<PromQuery> {
  expr?: string;
  textFormat?: string;
  titleFormat?: string;
}

export type ADashboard = Literal<Omit<Dashboard, 'annotations'> & { annotations?: { list?: PromAnnotation[] } }>;
export type AQuery = Literal<PromQuery>;
export type AnAnnotation = Literal<PromAnnotation>;
export type AVariable = Literal<VariableModel>;

// Options and custom fields of each kind of panel; those of some have none.
export interface Kinds {
  timeseries: { options: Literal<TimeSeriesOptions>; custom: Literal<TimeSeriesField> };
  stat: { options: Literal<StatOptions>; custom: undefined };
  bargauge: { options: Literal<BarGaugeOptions>; custom: undefined };
  heatmap: { options: Literal<HeatmapOptions>; custom: Literal<HeatmapField> };
  'state-timeline': { options: Literal<StateTimelineOptions>; custom: Literal<StateTimelineField> };
  table: { options: Literal<TableOptions>; custom: undefined };
}

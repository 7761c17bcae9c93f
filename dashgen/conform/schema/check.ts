// Types for the constants that schema_test.go writes, from Grafana's own types.
// TypeScript does not accept a JSON string as a member of an enum, so Literal
// replaces each enum by its values.
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

// Grafana no longer publishes the Prometheus data source's own fields of a query.
interface PromQuery extends DataQuery {
  editorMode?: 'code' | 'builder';
  expr: string;
  format?: 'time_series' | 'table' | 'heatmap';
  instant?: boolean;
  interval?: string;
  legendFormat?: string;
  range?: boolean;
}

// The fields of its annotations are not published either: the texts, and the query
// for old versions of Grafana.
interface PromAnnotation extends AnnotationQuery<PromQuery> {
  expr?: string;
  textFormat?: string;
  titleFormat?: string;
}

export type ADashboard = Literal<Omit<Dashboard, 'annotations'> & { annotations?: { list?: PromAnnotation[] } }>;
export type AQuery = Literal<PromQuery>;
export type AnAnnotation = Literal<PromAnnotation>;
export type AVariable = Literal<VariableModel>;

// Options and custom fields of each kind of panel. Some kinds have no custom fields.
export interface Kinds {
  timeseries: { options: Literal<TimeSeriesOptions>; custom: Literal<TimeSeriesField> };
  stat: { options: Literal<StatOptions>; custom: undefined };
  bargauge: { options: Literal<BarGaugeOptions>; custom: undefined };
  heatmap: { options: Literal<HeatmapOptions>; custom: Literal<HeatmapField> };
  'state-timeline': { options: Literal<StateTimelineOptions>; custom: Literal<StateTimelineField> };
  table: { options: Literal<TableOptions>; custom: undefined };
}

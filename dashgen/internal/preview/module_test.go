package preview_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestModules checks functions of the page's modules.
func TestModules(t *testing.T) {
	page := openSeries(t, read(t, `{"uid": "empty", "title": "Empty", "panels": []}`))
	page.do(chromedp.Navigate(page.server.URL + "/d/empty"))
	for _, tc := range []struct{ module, expression, want string }{
		{"unit", `format(0)`, "0"},
		{"unit", `format(1234.5)`, "1235"},
		{"unit", `format(0.000123)`, "0.000123"},
		{"unit", `format(null)`, "No value"},
		{"unit", `format(Infinity, 's')`, "+Inf"},
		{"unit", `format(1500, 'short')`, "1.5 K"},
		{"unit", `format(2.5e6, 'short')`, "2.5 Mil"},
		{"unit", `format(0.256, 'percentunit')`, "25.6%"},
		{"unit", `format(25.6, 'percent', 0)`, "26%"},
		{"unit", `format(0.0052, 's')`, "5.2 ms"},
		{"unit", `format(90, 's')`, "1.5 min"},
		{"unit", `format(86400, 's')`, "1 day"},
		{"unit", `format(7200, 's')`, "2 hours"},
		{"unit", `format(1500, 'ms')`, "1.5 s"},
		{"unit", `format(1536, 'bytes')`, "1.5 KiB"},
		{"unit", `format(1500, 'decbytes')`, "1.5 kB"},
		{"unit", `format(1200, 'ops')`, "1.2K ops/s"},
		{"unit", `format(1, 'bool_on_off')`, "On"},
		{"unit", `format(3, 'suffix:apples')`, "3 apples"},
		{"unit", `format(3, 'furlongs')`, "3 furlongs"},
		{"time", `parse('now-1h', 7200)`, "3600"},
		{"time", `parse('now-1d+1h', 86400)`, "3600"},
		{"time", `parse('1500', 0)`, "1.5"},
		{"time", `parse('1970-01-01T00:01:00Z', 0)`, "60"},
		{"time", `parse('now-1x', 0)`, "NaN"},
		{"time", `parse('yesterday', 0)`, "NaN"},
		{"time", `parse('now/d', new Date(2026, 0, 31, 18, 5).getTime() / 1000) === new Date(2026, 0, 31).getTime() / 1000`, "true"},
		{"time", `parse('now/d', new Date(2026, 0, 31, 18, 5).getTime() / 1000, true) === (new Date(2026, 1, 1).getTime() - 1) / 1000`, "true"},
		{"time", `parse('now/w', new Date(2026, 0, 31, 18, 5).getTime() / 1000) === new Date(2026, 0, 26).getTime() / 1000`, "true"},
		{"time", `parse('now-1M/M', new Date(2026, 2, 15).getTime() / 1000) === new Date(2026, 1, 1).getTime() / 1000`, "true"},
		{"time", `duration('1h30m')`, "5400"},
		{"time", `duration('soon')`, "NaN"},
		{"interval", `intervals({from: 0, to: 3600}, 600, 15, 15).step`, "15"},
		{"interval", `intervals({from: 0, to: 604800}, 600, 15, 15).step`, "900"},
		{"interval", `text(5400)`, "90m"},
		{"interval", `text(0.5)`, "500ms"},
		{"interval", `least('>1m', 15)`, "60"},
		{"interval", `least('', 15)`, "15"},
		{"template", `fill('$a ${a:raw} [[a]] $b', {a: {values: ['x.y'], isList: true}})`, `x\\.y x.y x\\.y $b`},
		{"template", `fill('${a:regex}|${a:pipe}|${a:json}', {a: {values: ['x', 'y'], isList: true}})`, `(x|y)|x|y|["x","y"]`},
		{"template", `fill('$a', {a: {values: ['x', 'y'], raw: '.*', isList: true}})`, `.*`},
		{"frame", `reduce([1, null, 3], 'mean')`, "2"},
		{"frame", `reduce([1, 5, 2, 3], 'delta')`, "7"},
		{"frame", `reduce([], 'max')`, "null"},
		{"frame", `reduce([1], 'nothing')`, "undefined"},
		{"frame", `fromMatrix({result: [{metric: {a: '1'}, values: [[0, '1'], [30, 'NaN']]}]}, {legendFormat: 'a is {{a}}, b {{b}}'}, [0, 15, 30])[0]`,
			`{"name":"a is 1, b ","labels":{"a":"1"},"times":[0,15,30],"values":[1,null,null]}`},
		{"frame", `fromVector({resultType: 'vector', result: [{metric: {a: '1', c: 'x'}, value: [0, '1']}, {metric: {a: '2', c: 'x'}, value: [0, '+Inf']}]}, {legendFormat: '__auto'}).map(f => f.name)`, `["1","2"]`},
		{"field", `step(1, {thresholds: {steps: [{color: 'red', value: null}, {color: 'green', value: 1}]}}).color`, "green"},
		{"field", `step(50, {max: 200, thresholds: {mode: 'percentage', steps: [{color: 'red', value: null}, {color: 'green', value: 30}]}}).color`, "red"},
		{"field", `show(7, {mappings: [{type: 'range', options: {from: 5, to: 9, result: {text: 'much'}}}]}, 'x', 0).text`, "much"},
		{"field", `show(null, {mappings: [{type: 'special', options: {match: 'null', result: {text: 'gone'}}}]}, 'x', 0).text`, "gone"},
		{"field", `settings({fieldConfig: {defaults: {unit: 's'}, overrides: [{matcher: {id: 'byName', options: 'x'}, properties: [{id: 'custom.lineWidth', value: 3}]}]}}, {name: 'x'})`, `{"unit":"s","custom":{"lineWidth":3}}`},
		{"member", `member({}, 'constructor') === undefined && member({}, '__proto__') === undefined && member({constructor: 1}, 'constructor')`, "1"},
		{"member", `(c => { set(c, ['a', 'b'], 1); set(c, ['toString', 'x'], 2); return JSON.stringify(c) + ({}).toString.x; })({})`, `{"a":{"b":1},"toString":{"x":2}}undefined`},
		{"member", `(() => { try { set({}, ['custom', '__proto__', 'x'], 1) } catch (e) { return e.message } })()`, "the setting __proto__.x is not one of a panel"},
		{"template", `fill('$constructor ${toString} ${a:constructor}', {a: {values: ['x']}})`, "$constructor ${toString} x"},
		{"frame", `fromVector({resultType: 'vector', result: [{metric: {a: '1'}, value: [0, '1']}]}, {legendFormat: '{{constructor}}{{a}}'})[0].name`, "1"},
		{"frame", `reduce([1], 'constructor')`, "undefined"},
		{"unit", `format(3, 'constructor')`, "3 constructor"},
		{"field", `show('constructor', {mappings: [{type: 'value', options: {}}, {type: 'constructor', options: {}}]}, 'x', 0).text`, "constructor"},
		{"transform", `apply(table([{refId: 'A', labels: {constructor: 'a'}, times: [0], values: [1]}]), [{id: 'organize', options: {}}])[0].columns.map(c => c.name)`, `["Time","constructor","Value"]`},
		{"transform", `(() => { try { apply([], [{id: 'constructor'}]) } catch (e) { return e.message } })()`, "the preview does not know the transformation constructor"},
		{"link", `['/d/x', '?a', '#b', 'https://e.example', '//e.example', '/\\\\e.example', '/\\t/e.example', 'java\\nscript:x', 'javascript:x', 'data:x', '/\\\\/e.example'].map(u => anchor(u, 'x').tagName).join()`, "A,A,A,A,SPAN,SPAN,SPAN,SPAN,SPAN,SPAN,SPAN"},
		{"color", `[on('#ffffff'), on('#000000'), on('#e0c400'), on('#1f60c4')].join(' ')`, "#000000 #ffffff #000000 #ffffff"},
		{"color", `byName('joy') === byName('joy')`, "true"},
		{"transform", `apply(table([{refId: 'A', labels: {g: 'a'}, times: [0], values: [1]}, {refId: 'A', labels: {g: 'b'}, times: [0], values: [2]}]), [{id: 'sortBy', options: {sort: [{field: 'Value', desc: true}]}}, {id: 'limit', options: {limitField: 1}}])[0].columns.map(c => c.values[0])`, `[0,"b",2]`},
		{"stack", `stack([{values: [1, null], config: {custom: {stacking: {mode: 'normal', group: 'A'}}}}, {values: [2, 3], config: {custom: {stacking: {mode: 'normal', group: 'A'}}}},
			{values: [9, 9], config: {custom: {stacking: {mode: 'normal', group: false}}}}, {values: [7, 7], config: {custom: {}}}])`,
			`{"values":[[1,null],[3,3],[9,9],[7,7]],"bands":[{"upper":1,"lower":0,"isDown":false}]}`},
		{"stack", `stack([{values: [1], config: {custom: {stacking: {mode: 'normal'}}}}, {values: [2], config: {custom: {transform: 'negative-Y', stacking: {mode: 'normal'}}}},
			{values: [-3], config: {custom: {stacking: {mode: 'normal'}}}}, {values: [4], config: {custom: {stacking: {mode: 'normal'}}}}])`,
			`{"values":[[1],[-2],[-5],[5]],"bands":[{"upper":3,"lower":0,"isDown":false},{"upper":2,"lower":1,"isDown":true}]}`},
		{"stack", `stack([{values: [1], config: {custom: {stacking: {mode: 'percent'}}}}, {values: [3], config: {custom: {stacking: {mode: 'percent'}}}}]).values`, `[[0.25],[1]]`},
		{"stack", `stack([{values: [null, 2, 5], config: {custom: {transform: 'constant'}}}]).values`, `[[2,2,2]]`},
		{"stack", `(() => { try { stack([{values: [1], config: {custom: {transform: 'cubic'}}}]) } catch (e) { return e.message } })()`, "the preview does not know the transform cubic"},
		{"source", `[undefined, null, 'default', 'My Loki', 'Prometheus', '${DS_LOKI}', {uid: '$ds'}, {uid: '${ds}', type: 'prometheus'}, {type: 'loki', uid: 'x'}, {uid: '-- Mixed --', type: 'datasource'}].map(r =>
			isPrometheus(typeOf(r, {__inputs: [{name: 'DS_LOKI', type: 'datasource', pluginId: 'loki'}], templating: {list: [{name: 'ds', type: 'datasource', query: 'tempo'}]}}))).map(Number).join('')`, "1110100001"},
		{"legacy", `modern({rows: [{height: 100, panels: [{id: 1, type: 'text', span: 8}, {type: 'text', span: 8}]}, {panels: [{id: 2, type: 'text'}]}]}).panels.map(p => Object.values(p.gridPos).join(',')).join(' ')`,
			"0,0,16,3 0,3,16,3 0,6,8,7"},
		{"legacy", `modern({rows: [{title: 'A', collapse: true, panels: [{id: 1, type: 'text'}]}, {title: 'B', panels: [{id: 2, type: 'text'}]}]}).panels.map(p => p.title + p.type + (p.panels?.length ?? '')).join(' ')`,
			"Arow1 Brow0 undefinedtext"},
		{"markdown", `markdown('a **b** [c](https://d.example) [e](data:x)').map(e => e.outerHTML).join()`, `<p>a <strong>b</strong> <a href="https://d.example" rel="noreferrer">c</a> <span>e</span></p>`},
	} {
		t.Run(tc.module+" "+tc.expression, func(t *testing.T) {
			page := page
			page.T = t
			// The page's policy forbids eval, so the script destructures the names.
			const names = `{anchor, apply, byName, duration, fill, format, fromMatrix, fromVector, intervals, isPrometheus, least, markdown, member, modern, on, parse, reduce, set, settings, show, stack, step, table, text, typeOf}`
			got := eval[string](page, fmt.Sprintf(`import('/page/%s.js').then((%s) => %s).then(v => v !== null && typeof v === 'object' ? JSON.stringify(v) : String(v))`, tc.module, names, tc.expression))
			if got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

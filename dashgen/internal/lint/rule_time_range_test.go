package lint

import (
	"fmt"
	"testing"
)

func TestTimeRange(t *testing.T) {
	in := func(from, to string) string {
		return fmt.Sprintf(`{"title":"D","time":{"from":%q,"to":%q}}`, from, to)
	}
	backwards := func(from, to string) []string {
		return []string{"dashboard: has a time range that ends before it begins: from " + from + " to " + to}
	}
	testRule(t, timeRange(), Context{}, []ruleCase{
		{"turned round", in("now", "now-6h"), backwards("now", "now-6h")},
		{"empty", in("now", "now"), backwards("now", "now")},
		{"in the future", in("now+1d", "now"), backwards("now+1d", "now")},
		{"dates turned round", in("2026-02-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z"), backwards("2026-02-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z")},
		{"no time", in("6h", "now"), []string{`dashboard: has the time "6h", which Grafana cannot read: use now-6h, or a date`}},
		{"usual", in("now-6h", "now"), nil},
		{"today", in("now/d", "now/d"), nil},
		{"so far this week", in("now/w", "now"), nil},
		{"last month", in("now-1M/M", "now-1M/M"), nil},
		{"delayed", in("now-1h-30m", "now-1m"), nil},
		{"fiscal quarter", in("now/fQ", "now/fQ"), nil},
		{"milliseconds", in("1700000000000", "1700003600000"), nil},
		{"an unknown zone", `{"title":"D","timezone":"Europe/Pariss"}`, []string{`dashboard: has the time zone "Europe/Pariss", which does not exist: use utc, browser, or a name such as Europe/Paris`}},
		{"known zones", `{"title":"D","timezone":"Asia/Tokyo"}`, nil},
		{"the browser's zone", `{"title":"D","timezone":"browser","refresh":"1m"}`, nil},
		{"no refresh", `{"title":"D","refresh":"often"}`, []string{`dashboard: has the refresh interval "often": use a duration such as 30s`}},
		{"refresh off", `{"title":"D","refresh":false}`, nil},
	})
}

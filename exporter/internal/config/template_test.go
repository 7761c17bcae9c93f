package config

import (
	"regexp"
	"testing"
)

// A template is expanded as regexp.Expand does, with a label's value for all names
// that are not groups.
func TestExpandTemplateIsRegexpsExpand(t *testing.T) {
	match := regexp.MustCompile("^(?P<first>.)(.)(.)(.)(.)(.)(.)(.)(.)(.)$")
	const text = "abcdefghij"
	groups := match.FindStringSubmatchIndex(text)
	for _, template := range []string{
		"", "a", "$1", "$10", "${1}0", "${10}", "$$5", "$$$5", "$$", "$", "a$", "$ 1", "$-1", "${", "${1", "${}", "${first}x", "$first-x", "$2$3", "US$", "$é", "$$$$1",
	} {
		got := ExpandTemplate(template, func(name string) string {
			return string(match.ExpandString(nil, "${"+name+"}", text, groups))
		})
		if want := string(match.ExpandString(nil, template, text, groups)); got != want {
			t.Errorf("%q: got %q, want %q", template, got, want)
		}
	}
	if got := ExpandTemplate("${http.code}", func(name string) string { return "<" + name + ">" }); got != "<http.code>" {
		t.Errorf("got %s for a label's name with a dot", got)
	}
}

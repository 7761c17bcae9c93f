package page_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/moodring/moodring/deploy/cluster/internal/page"
)

const text = `# Title

Words.

## One

` + "```console" + `
$ name=world
$ for i in 1 2; do
>   printf "hello $name $i "
> done
hello world 1 hello ... 2

$ cat
$ echo 'NAME   AGE'; echo 'pod    3m'; echo more; echo end
NAME      AGE
pod       ...
...
end
` + "```" + `

` + "```shell" + `
$ false
` + "```" + `

## Two

` + "```console" + `
$ echo $name
world
$ exit_status() { return 3; }; exit_status
` + "```" + `
`

func TestPage(t *testing.T) {
	sections, err := page.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	session, err := page.Start(exec.Command("bash"), func(c *exec.Cmd) (func() error, error) { return c.Wait, c.Start() })
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, section := range sections {
		for _, step := range section.Steps {
			result := "ok"
			if err := session.Check(t.Context(), step); err != nil {
				result, _, _ = strings.Cut(err.Error(), "\n")
			}
			got = append(got, section.Title+": "+result)
		}
	}
	want := "One: ok\nOne: ok\nOne: ok\nOne: ok\nTwo: ok\nTwo: line 31: exit status 3"
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
	if err := session.Close(); err != nil {
		t.Error(err)
	}
}

func TestMatches(t *testing.T) {
	for _, test := range []struct {
		shown, printed string
		want           bool
	}{
		{"a", "a", true},
		{"a", "a\n\n", true},
		{"a", "a\nb", false},
		{"a ... c", "a b b c", true},
		{"a ... c", "a b d", false},
		{"a...b...c", "a1b2c", true},
		{"a...b...c", "acb", false},
		{"...", "", true},
		{"...\nb", "a\na\nb", true},
		{"...\nb", "a\na", false},
		{"200 200 429", "200 200 429 ", true},
	} {
		if got := page.Matches(strings.Split(test.shown, "\n"), strings.Split(test.printed, "\n")); got != test.want {
			t.Errorf("%q, %q: %v", test.shown, test.printed, got)
		}
	}
}

func TestFrom(t *testing.T) {
	sections := []page.Section{{Title: "a"}, {Title: "b"}, {Title: "c"}}
	if got := page.From(sections, "b"); len(got) != 2 || got[0].Title != "b" {
		t.Error(got)
	}
}

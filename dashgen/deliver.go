package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/dashboard"
	"github.com/moodring/moodring/dashgen/internal/grafana"
	"github.com/moodring/moodring/dashgen/internal/grafanaapi"
	"github.com/moodring/moodring/dashgen/internal/output"
)

// folderUID is the uid of output.Folder.
const folderUID = "moodring"

// errDiffer says that what is in Grafana is not what is here.
var errDiffer = errors.New("diff: what is in Grafana differs; dashgen push brings it up to date")

// server is which Grafana, and as whom.
type server struct{ url, credentials string }

func (s *server) flags(set flags) {
	set.StringVar(&s.url, "grafana", "", "address of the Grafana, as http://127.0.0.1:3000")
	set.StringVar(&s.credentials, "credentials", "", "file with a token, or with user:password; without it none is sent")
}

func (s server) dial(p program, command string) (grafanaapi.Grafana, error) {
	if err := checkAddress(command+": --grafana", s.url); err != nil {
		return grafanaapi.Grafana{}, err
	}
	credentials := ""
	if s.credentials != "" {
		text, err := os.ReadFile(s.credentials)
		if err != nil {
			return grafanaapi.Grafana{}, fmt.Errorf("%s: --credentials: %w", command, err)
		}
		if credentials = strings.TrimSpace(string(text)); credentials == "" {
			return grafanaapi.Grafana{}, fmt.Errorf("%s: --credentials: %s is empty; write a token, or user:password", command, s.credentials)
		}
	}
	return grafanaapi.Dial(s.url, credentials, p.deadline)
}

const (
	pushHelp = `--grafana URL [flags] [FILE.json...]

Brings Moodring's dashboards, or those of the files, into a Grafana, in the
folder Moodring. Those that somebody else changed there it leaves alone.
`
	diffHelp = `--grafana URL [flags] [FILE.json...]

Shows how Moodring's dashboards, or those of the files, differ from those in a
Grafana.
`
	pullHelp = `--grafana URL [flags] DIR

Writes dashboards that are in a Grafana into a directory, as files that push
takes.
`
)

type pushFlags struct {
	server
	prometheus, dataSource string
	dryRun, overwrite      bool
}

func pushCommand(p program, args []string) error {
	var f pushFlags
	set := newFlags("push", pushHelp)
	f.flags(set)
	set.StringVar(&f.prometheus, "prometheus", "", "also make a data source for the Prometheus at this address, as Grafana reaches it")
	set.StringVar(&f.dataSource, "data-source", "Moodring", "name of that data source")
	set.BoolVar(&f.dryRun, "dry-run", false, "change nothing, and show what would be changed")
	set.BoolVar(&f.overwrite, "overwrite", false, "replace dashboards that others changed")
	if err := set.parse(args, p.stdout); err != nil {
		return err
	}
	g, err := f.dial(p, "push")
	if err != nil {
		return err
	}
	if f.prometheus != "" {
		if err := checkAddress("push: --prometheus", f.prometheus); err != nil {
			return err
		}
	}
	changes, err := plan(g, set.Args())
	if err != nil {
		return fmt.Errorf("push: %w", err)
	}
	places, err := f.places(context.Background(), g)
	if err != nil {
		return err
	}
	if f.dryRun {
		return show(p.stdout, places, changes, true)
	}
	if err := f.push(context.Background(), g, changes); err != nil {
		return err
	}
	return show(p.stdout, places, changes, false)
}

// places says of the data source and the folder whether they are there, a line
// each.
func (f pushFlags) places(ctx context.Context, g grafanaapi.Grafana) ([]string, error) {
	state := map[bool]grafanaapi.State{true: grafanaapi.Same, false: grafanaapi.New}
	var rows []string
	if f.prometheus != "" {
		isThere, err := g.FindDataSource(ctx, f.dataSource, f.prometheus)
		if err != nil {
			return nil, err
		}
		rows = append(rows, fmt.Sprintf("data source\t%s\t%s", f.dataSource, state[isThere]))
	}
	_, isThere, err := g.FindFolder(ctx, folderUID, output.Folder)
	if err != nil {
		return nil, err
	}
	return append(rows, fmt.Sprintf("folder\t%s\t%s", output.Folder, state[isThere])), nil
}

func (f pushFlags) push(ctx context.Context, g grafanaapi.Grafana, changes []grafanaapi.Change) error {
	if f.prometheus != "" {
		if err := g.DataSource(ctx, f.dataSource, f.prometheus); err != nil {
			return err
		}
	}
	folder, err := g.Folder(ctx, folderUID, output.Folder)
	if err != nil {
		return err
	}
	return g.Push(ctx, changes, folder, f.overwrite)
}

func diffCommand(p program, args []string) error {
	var s server
	set := newFlags("diff", diffHelp)
	s.flags(set)
	if err := set.parse(args, p.stdout); err != nil {
		return err
	}
	g, err := s.dial(p, "diff")
	if err != nil {
		return err
	}
	changes, err := plan(g, set.Args())
	if err != nil {
		return fmt.Errorf("diff: %w", err)
	}
	if err := show(p.stdout, nil, changes, true); err != nil {
		return err
	}
	for _, c := range changes {
		if c.State != grafanaapi.Same {
			return errDiffer
		}
	}
	return nil
}

// plan compares the dashboards in files with those in Grafana; without files,
// dashgen's own.
func plan(g grafanaapi.Grafana, files []string) ([]grafanaapi.Change, error) {
	named, err := readDashboards(files)
	if err != nil {
		return nil, err
	}
	var all []dashboard.Dashboard
	for _, d := range named {
		if err := grafanaapi.Check(d.Dashboard); err != nil {
			return nil, fmt.Errorf("%s: %w", d.file, err)
		}
		all = append(all, d.Dashboard)
	}
	return g.Plan(context.Background(), all)
}

// dashboardFile is a dashboard and the file that it is from.
type dashboardFile struct {
	file string
	dashboard.Dashboard
}

// readDashboards reads the dashboards in files; without files, dashgen's own.
func readDashboards(files []string) ([]dashboardFile, error) {
	if len(files) == 0 {
		return ownDashboards()
	}
	var all []dashboardFile
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		d, err := dashboard.Read(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, dashboardFile{file, d})
	}
	return all, nil
}

// ownDashboards returns the dashboards that dashgen generates.
func ownDashboards() ([]dashboardFile, error) {
	var all []dashboardFile
	for _, b := range board.All().Boards {
		text, err := grafana.Marshal(b)
		if err != nil {
			return nil, err
		}
		d, err := dashboard.Read(text)
		if err != nil {
			return nil, fmt.Errorf("board %s: %w", b.UID, err)
		}
		all = append(all, dashboardFile{b.File + ".json", d})
	}
	return all, nil
}

// show prints a table: the rows, then the changes.
func show(out io.Writer, rows []string, changes []grafanaapi.Change, withDiff bool) error {
	for _, c := range changes {
		if withDiff {
			if err := write(out, c.Diff); err != nil {
				return err
			}
		}
	}
	for _, c := range changes {
		rows = append(rows, fmt.Sprintf("%s\t%s\t%s", c.UID, c.Title, c.State))
	}
	return align(out, rows)
}

func pullCommand(p program, args []string) error {
	var s server
	set := newFlags("pull", pullHelp)
	s.flags(set)
	tag := set.String("tag", "moodring", "fetch the dashboards that have this tag")
	if err := set.parse(args, p.stdout); err != nil {
		return err
	}
	if set.NArg() != 1 {
		return fmt.Errorf("%w: pull takes one directory", errUsage)
	}
	g, err := s.dial(p, "pull")
	if err != nil {
		return err
	}
	pulled, err := g.Pull(context.Background(), *tag)
	if err != nil {
		return err
	}
	var files []output.File
	for _, d := range pulled {
		files = append(files, output.File{Name: filepath.Base(d.UID) + ".json", Text: d.Text})
	}
	if err := output.Write(set.Arg(0), files); err != nil {
		return fmt.Errorf("pull: %w", err)
	}
	return write(p.stdout, fmt.Sprintf("%d dashboards in %s\n", len(files), set.Arg(0)))
}

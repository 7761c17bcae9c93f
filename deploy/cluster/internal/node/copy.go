package node

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// copyStore gives the node the images of a store. Files are shared by hard links,
// because containerd never changes an image's files. It changes its databases, so the
// databases are copied.
func copyStore(store, target string) error {
	return filepath.WalkDir(store, func(source string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(store, source)
		if err != nil {
			return err
		}
		at := filepath.Join(target, below)
		switch {
		case entry.IsDir():
			return copyFolder(source, at)
		case strings.HasSuffix(source, ".db"):
			text, err := os.ReadFile(source)
			if err != nil {
				return err
			}
			return os.WriteFile(at, text, 0o600)
		}
		return os.Link(source, at)
	})
}

// copyFolder makes a folder with the permissions and the owner of the source. An
// image's /tmp, for example, is writable for everybody.
func copyFolder(source, at string) error {
	var status unix.Stat_t
	if err := unix.Stat(source, &status); err != nil {
		return err
	}
	if err := os.MkdirAll(at, 0o755); err != nil {
		return err
	}
	if err := unix.Chmod(at, status.Mode&0o7777); err != nil {
		return err
	}
	return unix.Chown(at, int(status.Uid), int(status.Gid))
}

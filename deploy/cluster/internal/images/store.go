package images

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moodring/moodring/deploy/cluster/internal/node"
)

// Store keeps imported images between two clusters.
type Store struct {
	Folder   string
	Progress func(format string, args ...any)
}

// Fill returns containerd's folder with these images. Images that have not changed
// since the last time are not made again.
func (s Store) Fill(ctx context.Context, settings node.Settings, images []Image) (string, error) {
	key, err := fingerprint(images)
	if err != nil {
		return "", err
	}
	folder := filepath.Join(s.Folder, key)
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	// One store is enough.
	if err := errors.Join(os.RemoveAll(s.Folder), os.MkdirAll(s.Folder, 0o755)); err != nil {
		return "", err
	}
	settings.OnlyContainerd = true
	runtime, err := node.Start(ctx, settings)
	if err != nil {
		return "", err
	}
	err = s.importAll(ctx, runtime, images)
	if err == nil {
		// Each import is on the disk when it returns, so the folder is complete.
		err = os.Rename(filepath.Join(settings.Folder, "containerd"), folder)
	}
	return folder, errors.Join(err, runtime.Stop())
}

func (s Store) importAll(ctx context.Context, runtime *node.Node, images []Image) error {
	archive := filepath.Join(s.Folder, "image.tar")
	for _, image := range images {
		s.Progress("making the image %s", image.Names[0])
		if err := image.Write(archive); err != nil {
			return err
		}
		if err := Import(ctx, runtime, archive); err != nil {
			return fmt.Errorf("image %s: %w", image.Names[0], err)
		}
	}
	return os.Remove(archive)
}

// Import imports an archive into the node's containerd.
func Import(ctx context.Context, n *node.Node, archive string) error {
	command := n.Command(ctx, "ctr", "image", "import", archive)
	var out strings.Builder
	command.Stdout, command.Stderr = &out, &out
	if err := n.Run(command); err != nil {
		return fmt.Errorf("importing: %w: %s", err, out.String())
	}
	return nil
}

// fingerprint is a hash of what images are made of: their settings, and the name,
// size and time of each file.
func fingerprint(images []Image) (string, error) {
	var lines []string
	for _, image := range images {
		lines = append(lines, fmt.Sprintf("%+v", image)) // maps print in the order of their keys
		for _, source := range image.Files {
			err := filepath.WalkDir(source, func(file string, _ fs.DirEntry, err error) error {
				if err != nil {
					return err
				}
				info, err := os.Stat(file)
				if err == nil {
					lines = append(lines, fmt.Sprint(file, info.Size(), info.ModTime().UnixNano()))
				}
				return err
			})
			if err != nil {
				return "", fmt.Errorf("image %s: %w; `make cluster` builds the files", image.Names[0], err)
			}
		}
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:8]), nil
}

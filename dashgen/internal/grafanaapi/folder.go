package grafanaapi

import (
	"context"
	"fmt"
	"net/http"

	"github.com/grafana-tools/sdk"
)

// Folder is a folder of dashboards.
type Folder struct {
	UID, Title string
	ID         int // differs between Grafanas
}

// FindFolder returns the folder with a uid, or else the folder with a title. ok is
// false if the folder is missing.
func (g Grafana) FindFolder(ctx context.Context, uid, title string) (_ Folder, ok bool, _ error) {
	found, err := g.client.GetFolderByUID(ctx, uid)
	switch {
	case err == nil && found.UID == "":
		return Folder{}, false, g.failed("folder "+title, errOther)
	case err == nil:
		return Folder{found.UID, found.Title, found.ID}, true, nil
	case !isStatus(err, http.StatusNotFound):
		return Folder{}, false, g.failed("folder "+title, err)
	}
	all, err := g.client.GetAllFolders(ctx)
	if err != nil {
		return Folder{}, false, g.failed("folder "+title, err)
	}
	for _, f := range all {
		if f.Title == title {
			return Folder{f.UID, f.Title, f.ID}, true, nil
		}
	}
	return Folder{}, false, nil
}

// EnsureFolder returns the folder with a uid, and creates it if it is missing.
func (g Grafana) EnsureFolder(ctx context.Context, uid, title string) (Folder, error) {
	folder, exists, err := g.FindFolder(ctx, uid, title)
	if err != nil || exists {
		return folder, err
	}
	created, err := g.client.CreateFolder(ctx, sdk.Folder{UID: uid, Title: title})
	if isStatus(err, http.StatusConflict) || isStatus(err, http.StatusPreconditionFailed) {
		return Folder{}, fmt.Errorf("folder %s: Grafana has one of the same name that these credentials cannot see: choose another one with --folder", title)
	}
	if err == nil && created.UID == "" {
		err = errOther // an empty uid would save to the folder General
	}
	if err != nil {
		return Folder{}, g.failed("folder "+title, err)
	}
	return Folder{created.UID, created.Title, created.ID}, nil
}

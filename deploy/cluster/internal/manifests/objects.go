// Package manifests reads the Kubernetes objects of Istio, Knative, KServe and the
// addons from their own modules, and fits them to one small node.
package manifests

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Object is a Kubernetes object, as decoded from YAML.
type Object map[string]any

func (o Object) kind() string { return o.text("kind") }

func (o Object) name() string { return o.child("metadata").text("name") }

func (o Object) text(key string) string {
	value, _ := o[key].(string)
	return value
}

// child returns an object within the object, which is made if it is missing.
func (o Object) child(keys ...string) Object {
	for _, key := range keys {
		switch below := o[key].(type) {
		case Object:
			o = below
		case map[string]any:
			o = below
		default:
			made := Object{}
			o[key] = made
			o = made
		}
	}
	return o
}

// list returns the objects in a list.
func (o Object) list(key string) []Object {
	values, _ := o[key].([]any)
	var objects []Object
	for _, value := range values {
		switch each := value.(type) {
		case Object:
			objects = append(objects, each)
		case map[string]any:
			objects = append(objects, each)
		}
	}
	return objects
}

// pod returns the pod of a Deployment, StatefulSet or DaemonSet.
func (o Object) pod() (Object, bool) {
	if !slices.Contains([]string{"Deployment", "StatefulSet", "DaemonSet"}, o.kind()) {
		return nil, false
	}
	return o.child("spec", "template", "spec"), true
}

// load reads the objects in files. A name may be a pattern, which must match.
func load(names ...string) ([]Object, error) {
	var objects []Object
	for _, pattern := range names {
		files, err := filepath.Glob(pattern)
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("%s: no such file; the module has changed", pattern)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			found, err := parse(text)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			objects = append(objects, found...)
		}
	}
	return objects, nil
}

func parse(text []byte) ([]Object, error) {
	var objects []Object
	for decoder := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var object Object
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		if len(object) > 0 {
			objects = append(objects, object)
		}
	}
}

// Text returns the objects as a YAML stream.
func Text(objects []Object) (string, error) {
	var out strings.Builder
	encoder := yaml.NewEncoder(&out)
	for _, object := range objects {
		if err := encoder.Encode(map[string]any(object)); err != nil {
			return "", err
		}
	}
	return out.String(), encoder.Close()
}

// fit lets a pod run on a node of two cores beside all other pods: it reserves next to
// nothing, needs no second node, and takes the images of the node.
func fit(pod Object) {
	for _, container := range append(pod.list("containers"), pod.list("initContainers")...) {
		container["resources"] = Object{"requests": Object{"cpu": "1m", "memory": "8Mi"}}
		container["imagePullPolicy"] = "IfNotPresent"
		probeOften(container)
	}
	delete(pod, "affinity")
	delete(pod, "topologySpreadConstraints")
}

// Limits in seconds, for a machine under load.
const (
	startLimit = 300
	probeLimit = 10
)

// probeOften looks each second whether a container is ready. The usual 2 to 10 seconds
// add up to half of a cluster's start.
func probeOften(container Object) {
	for _, name := range []string{"readinessProbe", "startupProbe"} {
		if _, found := container[name]; !found {
			continue
		}
		probe := container.child(name)
		probe["initialDelaySeconds"], probe["periodSeconds"], probe["timeoutSeconds"] = 0, 1, probeLimit
		if name == "startupProbe" {
			probe["failureThreshold"] = startLimit
		}
	}
}

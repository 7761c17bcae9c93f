package discovery

import (
	"maps"
	"net"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/util/strutil"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moodring/moodring/contract"
)

// Labels for relabelling have the names and values of Prometheus's own discovery
// (discovery/kubernetes). Container labels are missing, because a pod is a
// single target.
const (
	kubeLabel      = model.MetaLabelPrefix + "kubernetes_"
	namespaceLabel = kubeLabel + "namespace"
	podLabel       = kubeLabel + "pod"
)

// trimPod keeps only the fields that (*kubeSource).pod reads. A pod takes about
// 10 kB, mostly for its containers.
func trimPod(object any) (any, error) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return object, nil // a tombstone
	}
	pod.ManagedFields = nil
	pod.Spec = corev1.PodSpec{NodeName: pod.Spec.NodeName}
	pod.Status = corev1.PodStatus{
		Phase: pod.Status.Phase, PodIP: pod.Status.PodIP, HostIP: pod.Status.HostIP, Conditions: pod.Status.Conditions,
	}
	return pod, nil
}

// pod returns the gateway in a pod, or nil if the pod does not run.
func (s *kubeSource) pod(object any) []*candidate {
	pod, ok := object.(*corev1.Pod)
	if !ok || pod.Status.PodIP == "" || pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
		return nil
	}
	set := s.commonLabels(pod.Namespace, pod.Name, pod.Status.PodIP)
	addObject(set, podLabel, pod.ObjectMeta)
	maps.Copy(set, map[string]string{
		podLabel + "_ip":        pod.Status.PodIP,
		podLabel + "_ready":     ready(pod),
		podLabel + "_phase":     string(pod.Status.Phase),
		podLabel + "_node_name": pod.Spec.NodeName,
		podLabel + "_host_ip":   pod.Status.HostIP,
		podLabel + "_uid":       string(pod.UID),
	})
	if owner := metav1.GetControllerOf(pod); owner != nil {
		set[podLabel+"_controller_kind"], set[podLabel+"_controller_name"] = owner.Kind, owner.Name
	}
	return []*candidate{{
		source:        contract.SourceKubernetes,
		id:            string(pod.UID),
		labels:        labels.FromMap(set),
		isTerminating: pod.DeletionTimestamp != nil,
		dial:          s.podDialer(pod.Namespace, pod.Name),
		settings:      &s.Source,
	}}
}

// commonLabels returns the labels that both roles set. The gateway label is unique
// in a cluster.
func (s *kubeSource) commonLabels(namespace, name, ip string) map[string]string {
	return map[string]string{
		model.SchemeLabel:     "http",
		model.AddressLabel:    net.JoinHostPort(ip, strconv.Itoa(s.Port)),
		namespaceLabel:        namespace,
		contract.LabelGateway: namespace + "/" + name,
	}
}

func addObject(set map[string]string, prefix string, meta metav1.ObjectMeta) {
	set[prefix+"_name"] = meta.Name
	for key, value := range meta.Labels {
		set[prefix+"_label_"+strutil.SanitizeLabelName(key)] = value
		set[prefix+"_labelpresent_"+strutil.SanitizeLabelName(key)] = "true"
	}
	for key, value := range meta.Annotations {
		set[prefix+"_annotation_"+strutil.SanitizeLabelName(key)] = value
		set[prefix+"_annotationpresent_"+strutil.SanitizeLabelName(key)] = "true"
	}
}

func ready(pod *corev1.Pod) string {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return strings.ToLower(string(condition.Status))
		}
	}
	return "unknown"
}
